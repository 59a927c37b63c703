import { createHash } from 'node:crypto';
import { epochKey } from '../domain/epoch.ts';
import type { LegScores } from '../domain/leg-scores.ts';
import { limits } from '../limits.ts';
import type { Cache } from '../ports/cache.ts';
import type { Clock } from '../ports/clock.ts';
import type { Meter } from '../ports/meter.ts';
import type { Hit, RecallRequest } from '../ports/recall.ts';
import type { TextAnswer } from '../ports/text-index.ts';
import { LruMap } from '../std/lru-map.ts';
import { KeptWords } from './kept-words.ts';

/** What a leg was asked; `conditions` is the key of what was pushed down, null where it is one user's own. */
export interface LegQuestion {
  readonly base: RecallRequest;
  readonly conditions: string | null;
}

type Asked = 'vector' | 'words';

/** Asks the index, with the time that is left. */
type Ask<V> = (base: RecallRequest) => Promise<V>;

/**
 * Answers of legs that do not depend on the user, shared between users: keyed by question, pushed-down conditions, depth
 * and epoch, so none outlives a change. Those of an index in this process are looked up without waiting, so that it is
 * asked in the very turn in which the epoch was taken; those that cost a round trip may be shared with other processes.
 */
export class LegMemory {
  readonly #clock: Clock;
  readonly #meter: Meter;
  readonly #shared: Cache<LegScores> | null;
  readonly #vectors = new LruMap<readonly Hit[]>(limits.sharedLegEntries);
  readonly #texts = new LruMap<TextAnswer>(limits.legCacheEntries);

  /** @param shared for answers that cost a round trip; null: they are kept in memory like the others */
  constructor(clock: Clock, meter: Meter, shared: Cache<LegScores> | null) {
    this.#clock = clock;
    this.#meter = meter;
    this.#shared = shared;
  }

  vector(
    question: LegQuestion,
    vector: Float32Array,
    ask: Ask<readonly Hit[]>,
    roundTrip: boolean,
  ): Promise<readonly Hit[]> {
    const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
    const { conditions, base } = question;
    if (conditions === null) return ask(base);
    const key = keyOf(question, bytes);
    if (roundTrip && this.#shared !== null)
      return this.#sharedHits(this.#shared, `vector\0${key}`, base, ask);
    return this.#remembered('vector', this.#vectors, key, () => ask(base));
  }

  /** The answer of an index in this process holds a score for every document, so those of large catalogues are not kept. */
  text(question: LegQuestion, text: string, ask: Ask<TextAnswer>, roundTrip: boolean): Promise<TextAnswer> {
    const { conditions, base } = question;
    if (conditions === null) return ask(base);
    if (roundTrip && this.#shared !== null)
      return this.#sharedWords(this.#shared, `text\0${keyOf(question, text)}`, base, ask);
    if (base.snapshot.liveCount > limits.legCacheDocumentsMax) return ask(base);
    return this.#remembered('words', this.#texts, keyOf(question, text), () => ask(base));
  }

  async #remembered<V>(asked: Asked, memory: LruMap<V>, key: string, ask: () => Promise<V>): Promise<V> {
    const known = memory.get(key);
    this.#count(asked, known !== undefined);
    if (known !== undefined) return known;
    const answer = await ask();
    memory.set(key, answer);
    return answer;
  }

  async #sharedHits(
    shared: Cache<LegScores>,
    key: string,
    base: RecallRequest,
    ask: Ask<readonly Hit[]>,
  ): Promise<readonly Hit[]> {
    const startMs = this.#clock.nowMs();
    const known = await shared.get(key);
    this.#count('vector', known !== undefined);
    if (known !== undefined) return hitsOf(known);
    const hits = await ask(this.#since(startMs, base));
    keep(shared, key, scoresOf(hits));
    return hits;
  }

  async #sharedWords(
    shared: Cache<LegScores>,
    key: string,
    base: RecallRequest,
    ask: Ask<TextAnswer>,
  ): Promise<TextAnswer> {
    const startMs = this.#clock.nowMs();
    const known = await shared.get(key);
    this.#count('words', known !== undefined);
    const asked = known === undefined ? await ask(this.#since(startMs, base)) : null;
    const scores = known ?? wordsOf(asked!);
    if (known === undefined) keep(shared, key, scores);
    return new KeptWords(scores, asked?.hits ?? hitsOf(scores), {
      answer: (timeoutMs) => {
        if (asked !== null) return asked;
        this.#count('words', false);
        return ask({ ...base, timeoutMs: timeoutMs ?? base.timeoutMs });
      },
      learnt: (more) => keep(shared, key, more),
    });
  }

  /** What is left of the time after a look at what is kept. */
  #since(startMs: number, base: RecallRequest): RecallRequest {
    return { ...base, timeoutMs: base.timeoutMs - (this.#clock.nowMs() - startMs) };
  }

  #count(asked: Asked, known: boolean): void {
    this.#meter.count(known ? `${asked}_cache_hits` : `${asked}_cache_misses`, 1);
  }
}

/** That an answer could not be kept is no fault of the search. */
function keep(shared: Cache<LegScores>, key: string, scores: LegScores): void {
  shared.set(key, scores, limits.rankedSharedTtlMs).catch(() => {});
}

/** Rows are this process's own, so they are left out. */
function scoresOf(hits: readonly Hit[]): LegScores {
  return {
    ids: hits.map(({ id }) => id),
    scores: Float64Array.from(hits, ({ score }) => score),
    hitCount: hits.length,
    isWhole: false,
  };
}

/** With all that the index has read, so that it need not be asked again for what others find besides. */
function wordsOf({ hits, all }: TextAnswer): LegScores {
  if (all === undefined || all.length > limits.legScoresWholeMax) return scoresOf(hits);
  return { ...scoresOf(all), hitCount: hits.length, isWhole: true };
}

function hitsOf({ ids, scores, hitCount }: LegScores): readonly Hit[] {
  return ids.slice(0, hitCount).map((id, i) => ({ id, score: scores[i]! }));
}

function keyOf({ base, conditions }: LegQuestion, asked: string | Uint8Array): string {
  return createHash('sha256')
    .update(`${base.tenant}\0${epochKey(base.snapshot.epoch)}\0${base.limit}\0${conditions}\0`)
    .update(asked)
    .digest('base64');
}
