import { type BackendTimes, type Calibration, dimensionMaxOf } from '../domain/calibration.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import { limits } from '../limits.ts';
import type { CalibrationStore } from '../ports/calibration-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { RerankBatch } from '../ports/reranker.ts';
import type { KnownCalibration } from '../ports/triptych.ts';
import { isFallback } from './fallbacks.ts';
import type { GuardedBackend } from './guarded-backend.ts';
import { measureBackends } from './measure-backends.ts';
import { Waits } from './waits.ts';

export interface CalibrationParts {
  readonly backends: readonly GuardedBackend[];
  /** What earlier runs measured. */
  readonly kept: readonly Calibration[];
  readonly store: Pick<CalibrationStore, 'save'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * How fast the backends are over each kind of table (tier and dimension class). What an earlier run measured counts at
 * once; else a kind is measured in the background when a table of it is first seen, one kind after the other, and what
 * came out stays for the life of the process. Where only one backend can serve there is nothing to measure.
 */
export class CalibrationBook {
  readonly #parts: CalibrationParts;
  readonly #known = new Map<string, KnownCalibration>();
  /** Kinds that are known or being measured. */
  readonly #seen = new Set<string>();
  /** When a kind may be measured again that could not be. */
  readonly #retries = new Map<string, number>();
  readonly #pauses: Waits;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(parts: CalibrationParts) {
    this.#parts = parts;
    this.#pauses = new Waits(parts.clock);
    const oldestMs = parts.clock.epochMs() - limits.calibrationAgeMsMax;
    const current = parts.kept.filter(({ measuredAtMs }) => measuredAtMs >= oldestMs);
    for (const calibration of current.slice(0, limits.calibrationsMax)) {
      const key = keyOf(calibration.tier, calibration.dimensionMax);
      this.#seen.add(key);
      this.#known.set(key, { ...calibration, kept: true });
    }
  }

  /** What is known for tables of this kind, or null. */
  times({ vectors, dimension }: TableSnapshot): readonly BackendTimes[] | null {
    return this.#known.get(keyOf(vectors.tier, dimensionMaxOf(dimension)))?.backends ?? null;
  }

  /** Has the table's kind measured soon, unless it was seen or the table is too small to tell anything. */
  offer(table: TableSnapshot): void {
    if (table.liveCount < limits.calibrationDocumentsMin || this.#stop.signal.aborted) return;
    const key = keyOf(table.vectors.tier, dimensionMaxOf(table.dimension));
    if (this.#seen.has(key) || this.#seen.size >= limits.calibrationsMax) return;
    if (this.#parts.clock.nowMs() < (this.#retries.get(key) ?? 0)) return;
    const takers = this.#parts.backends.filter((backend) => backend.takes(table));
    if (takers.length < 2) return;
    this.#seen.add(key);
    const release = table.retain();
    this.#running = this.#running.then(() => this.#calibrate(key, table, takers)).finally(release);
  }

  all(): readonly KnownCalibration[] {
    return [...this.#known.values()];
  }

  /** Resolves when no call for a measurement is under way. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#pauses.cut();
    await this.#running;
  }

  /** Never rejects: without a calibration the fallbacks serve. */
  async #calibrate(key: string, table: TableSnapshot, takers: readonly GuardedBackend[]): Promise<void> {
    const { clock, logger, store } = this.#parts;
    const { signal } = this.#stop;
    if (!signal.aborted) await this.#pauses.wait(limits.calibrationDelayMs);
    if (signal.aborted) return;
    try {
      const measured = takers.map((backend) => ({
        name: backend.reranker.name,
        variant: backend.reranker.variant,
        rerank: (batch: RerankBatch, ends: AbortSignal) =>
          backend.call(batch, ends, limits.calibrationCallMsMax),
      }));
      const startMs = clock.nowMs();
      const { times: backends, refused } = await measureBackends(table, measured, clock, signal);
      if (signal.aborted) return;
      // Without them the choice would be among what happened to be measured.
      const known = new Set(backends.map(({ name }) => name));
      if (
        !takers.every(
          ({ reranker: { name }, offReason }) => known.has(name) || !isFallback(name) || offReason !== null,
        )
      )
        throw new Error('too little could be measured in the time there is');
      const calibration = {
        tier: table.vectors.tier,
        dimensionMax: dimensionMaxOf(table.dimension),
        measuredAtMs: clock.epochMs(),
        backends,
      };
      this.#known.set(key, { ...calibration, kept: false });
      logger.info({ kind: key, ms: clock.nowMs() - startMs, refused }, 'the scoring backends were measured');
      // One that was still busy with its copy of the table gets another chance.
      if (refused.length > 0) return this.#retryLater(key);
    } catch (error) {
      this.#retryLater(key);
      logger.warn({ error, kind: key }, 'measuring the scoring backends failed, will be repeated');
      return;
    }
    await store.save(this.all().map(({ kept, ...one }) => one)).catch((error: unknown) => {
      logger.warn({ error }, 'the calibration of scoring backends could not be kept');
    });
  }

  /** Lets the kind be measured again after a while. */
  #retryLater(key: string): void {
    this.#retries.set(key, this.#parts.clock.nowMs() + limits.calibrationRetryMs);
    this.#seen.delete(key);
  }
}

function keyOf(tier: string, dimensionMax: number): string {
  return `${tier}/${dimensionMax}`;
}
