import { createHash } from 'node:crypto';
import { epochKey } from '../domain/epoch.ts';
import { limits } from '../limits.ts';
import type { Meter } from '../ports/meter.ts';
import type { Hit, RecallRequest } from '../ports/recall.ts';
import type { TextAnswer } from '../ports/text-index.ts';
import { LruMap } from '../std/lru-map.ts';

/** What a leg was asked; `conditions` is the key of what was pushed down, null where it is one user's own. */
export interface LegQuestion {
  readonly base: RecallRequest;
  readonly conditions: string | null;
}

/**
 * Answers of legs that do not depend on the user, shared between users: keyed by question, pushed-down conditions, depth
 * and epoch, so none outlives a change. Looked up without waiting, so that an index in this process is asked in the very
 * turn in which the epoch was taken.
 */
export class LegMemory {
  readonly #vectors = new LruMap<readonly Hit[]>(limits.legCacheEntries);
  readonly #texts = new LruMap<TextAnswer>(limits.legCacheEntries);
  readonly #meter: Meter;

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  vector(
    question: LegQuestion,
    vector: Float32Array,
    ask: () => Promise<readonly Hit[]>,
  ): Promise<readonly Hit[]> {
    const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
    return this.#remembered(this.#vectors, question, bytes, ask);
  }

  /** An answer holds a score for every document, so those of large catalogues are not kept. */
  text(question: LegQuestion, text: string, ask: () => Promise<TextAnswer>): Promise<TextAnswer> {
    if (question.base.snapshot.liveCount > limits.legCacheDocumentsMax) return ask();
    return this.#remembered(this.#texts, question, text, ask);
  }

  async #remembered<V>(
    memory: LruMap<V>,
    question: LegQuestion,
    asked: string | Uint8Array,
    ask: () => Promise<V>,
  ): Promise<V> {
    if (question.conditions === null) return ask();
    const key = keyOf(question, asked);
    const known = memory.get(key);
    if (known !== undefined) {
      this.#meter.count('leg_cache_hits', 1);
      return known;
    }
    this.#meter.count('leg_cache_misses', 1);
    const answer = await ask();
    memory.set(key, answer);
    return answer;
  }
}

function keyOf({ base, conditions }: LegQuestion, asked: string | Uint8Array): string {
  return createHash('sha256')
    .update(`${base.tenant}\0${epochKey(base.snapshot.epoch)}\0${base.limit}\0${conditions}\0`)
    .update(asked)
    .digest('base64');
}
