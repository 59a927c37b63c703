import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { DocumentStore } from '../ports/document-store.ts';
import type { Embedder } from '../ports/embedder.ts';
import type { Readiness } from '../ports/triptych.ts';
import type { BackendChoice } from './backend-choice.ts';
import type { CatalogueRegistry } from './catalogue-registry.ts';
import type { SharedIndexes } from './shared-indexes.ts';
import { within } from './within.ts';

export interface ReadinessParts {
  readonly store: DocumentStore;
  readonly registry: CatalogueRegistry;
  readonly embedder: Embedder | null;
  readonly choice: Pick<BackendChoice, 'off'>;
  readonly indexes: Pick<SharedIndexes, 'lags'>;
  /** Signs of life of stores outside the process that searches can do without, by part. */
  readonly pings: Readonly<Record<string, () => Promise<void>>>;
  readonly clock: Clock;
}

/** What `/readyz` says: every call looks anew and answers in bounded time, also when a part hangs. */
export class ReadinessProbe {
  readonly #registry: CatalogueRegistry;
  readonly #choice: ReadinessParts['choice'];
  readonly #indexes: ReadinessParts['indexes'];
  readonly #clock: Clock;
  readonly #store: Question;
  readonly #embedder: Question | null;
  readonly #others: readonly (readonly [string, Question])[];
  /** The embedder has been ready, or failed, once: from then on the service answers without waiting for it. */
  #embedderKnown = false;

  constructor({ store, registry, embedder, choice, indexes, pings, clock }: ReadinessParts) {
    this.#indexes = indexes;
    this.#registry = registry;
    this.#choice = choice;
    this.#clock = clock;
    this.#store = new Question(() => store.ping(), limits.readyStoreMsMax, clock);
    this.#embedder =
      embedder === null ? null : new Question(() => embedder.ready(), limits.readyEmbedderMsMax, clock);
    this.#others = Object.entries(pings).map(
      ([part, ping]) => [part, new Question(ping, limits.readyStoreMsMax, clock)] as const,
    );
  }

  async readiness(closed: boolean): Promise<Readiness> {
    const startMs = this.#clock.nowMs();
    const [stored, embedder, others] = await Promise.all([
      this.#store.ask(),
      this.#embedder?.ask() ?? 'yes',
      this.#answers(),
    ]);
    // The probe itself waits, which must not look like projection lag.
    const lagMs = this.#registry.lagMsMax() - (this.#clock.nowMs() - startMs);
    const lags = lagMs > limits.readyLagMsMax;
    const unread = this.#registry.unreadCount;
    if (embedder !== 'waiting') this.#embedderKnown = true;
    const parts = {
      service: closed ? { ok: false, reason: 'stopping' } : { ok: true },
      sql: stored === 'yes' ? { ok: true } : { ok: false, reason: 'no answer' },
      catalogues: unread === 0 ? { ok: true } : { ok: false, reason: `${unread} tenants are not opened yet` },
      projections: lags ? { ok: false, reason: `${Math.round(lagMs)} ms behind` } : { ok: true },
      embedder:
        embedder === 'yes' ? { ok: true } : { ok: false, reason: embedder === 'no' ? 'failed' : 'loading' },
      scorer: this.#scorer(),
      ...this.#lags(),
      ...others,
    };
    // Without its embedder the service still answers (words and graph), so it waits for the first load only.
    const ready = !closed && stored === 'yes' && unread === 0 && !lags && this.#embedderKnown;
    return { ready, parts };
  }

  /** Those that do not answer, and those that do and of which nothing else is known; they keep nobody waiting. */
  async #answers(): Promise<Readiness['parts']> {
    const lags = this.#lags();
    const answers = this.#others.map(async ([part, question]): Promise<[string, Part][]> => {
      if ((await question.ask()) !== 'yes') return [[part, { ok: false, reason: 'no answer' }]];
      return part in lags ? [] : [[part, { ok: true }]];
    });
    return Object.fromEntries((await Promise.all(answers)).flat());
  }

  /** An index that is behind costs recall, which searches with other legs make up for; it keeps nobody waiting either. */
  #lags(): Readiness['parts'] {
    return Object.fromEntries(
      this.#indexes.lags().map(({ index, lag, problem }) => {
        if (problem !== undefined) return [index, { ok: false, reason: problem }];
        if (lag === null) return [index, { ok: false, reason: 'no answer yet' }];
        if (lag.pending > 0) return [index, { ok: false, reason: `${lag.pending} documents behind` }];
        if (lag.parked > 0) return [index, { ok: false, reason: `refuses ${lag.parked} documents` }];
        return [index, { ok: true }];
      }),
    );
  }

  /** Other backends serve for one that is off, so that keeps nobody waiting. */
  #scorer(): Part {
    const off = this.#choice.off();
    if (off.length === 0) return { ok: true };
    return { ok: false, reason: off.map(({ name, reason }) => `${name} is off: ${reason}`).join('; ') };
  }
}

type Part = Readiness['parts'][string];

type Answer = 'yes' | 'no' | 'waiting';

/** Asks a part whether it is there. While an answer is outstanding the part is not asked again: a hung one gets no queue. */
class Question {
  readonly #question: () => Promise<void>;
  readonly #msMax: number;
  readonly #clock: Clock;
  #asked: Promise<Answer> | null = null;

  constructor(question: () => Promise<void>, msMax: number, clock: Clock) {
    this.#question = question;
    this.#msMax = msMax;
    this.#clock = clock;
  }

  ask(): Promise<Answer> {
    this.#asked ??= this.#question()
      .then(
        (): Answer => 'yes',
        (): Answer => 'no',
      )
      .finally(() => {
        this.#asked = null;
      });
    return within<Answer>(this.#asked, this.#msMax, this.#clock, 'waiting');
  }
}
