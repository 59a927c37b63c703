import { expectedUs, fastestOf } from '../domain/calibration.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import { limits } from '../limits.ts';
import type { Logger } from '../ports/logger.ts';
import type { Meter } from '../ports/meter.ts';
import type { BackendName, RerankAnswer, RerankBatch } from '../ports/reranker.ts';
import type { CalibrationBook } from './calibration-book.ts';
import { fallbacks } from './fallbacks.ts';
import type { GuardedBackend } from './guarded-backend.ts';

/** An answer, and which backend selected it. */
export interface ChosenAnswer extends RerankAnswer {
  readonly backend: BackendName;
}

export interface ChoiceParts {
  /** All that can be used here, `js` among them. */
  readonly backends: readonly GuardedBackend[];
  /** The one to prefer whatever was measured; `auto`: the fastest. */
  readonly setting: 'auto' | BackendName;
  readonly book: Pick<CalibrationBook, 'times' | 'offer' | 'all'>;
  readonly logger: Logger;
  readonly meter: Meter;
}

/**
 * Routes each batch to the backend that is fastest for so many candidates and requests. Where that one fails, hangs or is
 * latched off, the next one serves; the last is `js`, which is always there.
 */
export class ChosenReranker {
  readonly #parts: ChoiceParts;
  readonly #backends: ReadonlyMap<BackendName, GuardedBackend>;
  /** Backends whose first failure was logged. */
  readonly #logged = new Set<BackendName>();
  /** Why the named backend does not take the table that was seen last, or null. */
  #refusal: string | null = null;
  readonly #loggedRefusals = new Set<string>();

  constructor(parts: ChoiceParts) {
    this.#parts = parts;
    this.#backends = new Map(parts.backends.map((backend) => [backend.reranker.name, backend]));
  }

  /** Says that batches over this table come, so that what is not known of it is found out, and what cannot be is told. */
  expect(table: TableSnapshot): void {
    const { book, setting, logger } = this.#parts;
    if (setting === 'auto') {
      book.offer(table);
      return;
    }
    this.#refusal = this.#backends.get(setting)?.refusal(table) ?? null;
    if (this.#refusal === null || this.#loggedRefusals.has(this.#refusal)) return;
    this.#loggedRefusals.add(this.#refusal);
    logger.warn(
      { backend: setting, reason: this.#refusal, catalogue: table.schema.name },
      'the scoring backend that the settings name does not take a catalogue; others serve it',
    );
  }

  /**
   * @param signal aborted when nobody waits any more
   * @throws signal.reason; what the last backend threw when all failed
   */
  async rerank(batch: RerankBatch, signal: AbortSignal): Promise<ChosenAnswer> {
    this.expect(batch.table);
    const failures = new Map<BackendName, unknown>();
    let last: unknown = new Error('there is no scoring backend');
    for (const name of this.#order(batch)) {
      try {
        const answer = await this.#call(name, batch, signal);
        // What no backend takes is the batch's fault, and nobody's failure.
        for (const [failed, error] of failures) this.#noteFailure(failed, name, error);
        return { ...answer, backend: name };
      } catch (error) {
        if (signal.aborted) throw error;
        failures.set(name, error);
        last = error;
      }
    }
    throw last;
  }

  /** Which backend serves a batch of so many requests now, if it reads tables of the kind measured first. */
  usual(rows: number, requests: number): BackendName {
    const { setting, book, backends } = this.#parts;
    const on = backends.filter(({ offReason }) => offReason === null).map(({ reranker }) => reranker.name);
    if (setting !== 'auto' && on.includes(setting) && this.#refusal === null) return setting;
    const measured = setting === 'auto' ? (book.all()[0]?.backends ?? []) : [];
    const fastest = fastestOf(
      measured.filter(({ name }) => on.includes(name)),
      rows,
      requests,
    );
    return fastest ?? fallbacks.find((name) => on.includes(name)) ?? 'js';
  }

  /** Backends that may serve the batch, the one to try first at the front. */
  #order(batch: RerankBatch): readonly BackendName[] {
    const usable = (name: BackendName): boolean => this.#backends.get(name)?.takes(batch.table) ?? false;
    const first = this.#preferred(batch, usable);
    const rest = fallbacks.filter((name) => name !== first && usable(name));
    return first === null ? rest : [first, ...rest];
  }

  #preferred(batch: RerankBatch, usable: (name: BackendName) => boolean): BackendName | null {
    const { setting, book } = this.#parts;
    if (setting !== 'auto') return usable(setting) ? setting : null;
    const measured = book.times(batch.table)?.filter(({ name }) => usable(name)) ?? [];
    const requests = batch.requests.length;
    return fastestOf(measured, batch.rows.length / requests, requests);
  }

  #call(name: BackendName, batch: RerankBatch, signal: AbortSignal): Promise<RerankAnswer> {
    return this.#backends.get(name)!.call(batch, signal, this.#answerMs(name, batch));
  }

  /** How long the backend may take: far longer than it was measured to. */
  #answerMs(name: BackendName, batch: RerankBatch): number {
    const times = this.#parts.book.times(batch.table)?.find((one) => one.name === name);
    if (times === undefined) return limits.rerankFirstAnswerMsMax;
    const requests = batch.requests.length;
    const usual = expectedUs(times, batch.rows.length / requests, requests) / 1_000;
    return Math.max(limits.rerankAnswerMsMax, usual * limits.rerankSlownessMax);
  }

  #noteFailure(name: BackendName, next: BackendName, error: unknown): void {
    const { logger, meter } = this.#parts;
    meter.count('rerank_fallbacks', 1);
    this.#backends.get(name)!.blame(error);
    if (this.#logged.has(name)) return;
    this.#logged.add(name);
    logger.warn({ error, backend: name, next }, 'a scoring backend failed; others serve its batches');
  }
}
