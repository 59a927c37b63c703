import type { Calibration } from '../domain/calibration.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import { limits } from '../limits.ts';
import type { CalibrationStore } from '../ports/calibration-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Meter } from '../ports/meter.ts';
import type { BackendName, Reranker } from '../ports/reranker.ts';
import type { BackendState, ScorerStats } from '../ports/triptych.ts';
import { CalibrationBook } from './calibration-book.ts';
import { ChosenReranker } from './chosen-reranker.ts';
import { GuardedBackend } from './guarded-backend.ts';
import { within } from './within.ts';

/** Which backends there are here, and how to choose among them. */
export interface ScoringBackends {
  /** Those that can be used, `js` among them. */
  readonly available: readonly Reranker[];
  /** The others: `missing` ones, and those that the settings leave out. */
  readonly absent: readonly Omit<BackendState, 'variant'>[];
  /** The one to use; `auto`: the fastest. One that is named is available. */
  readonly setting: 'auto' | BackendName;
  readonly calibrations: CalibrationStore;
  /** What earlier runs measured. */
  readonly kept: readonly Calibration[];
}

/** Candidates of a usual request, for which `usual` says who serves it. */
const usualRows = 300;

/** The backends of the process, behind one reranker that chooses, and what can be told about them. */
export class BackendChoice {
  readonly reranker: ChosenReranker;
  readonly #backends: readonly GuardedBackend[];
  readonly #book: CalibrationBook;
  readonly #scoring: ScoringBackends;
  readonly #clock: Clock;

  constructor(scoring: ScoringBackends, parts: { clock: Clock; meter: Meter; logger: Logger }) {
    const { clock, meter, logger } = parts;
    this.#scoring = scoring;
    this.#clock = clock;
    const onOff = (): void => meter.gauge('rerank_backends_off', this.off().length);
    this.#backends = scoring.available.map(
      (reranker) =>
        new GuardedBackend(reranker, { clock, logger, onOff }, { lastResort: reranker.name === 'js' }),
    );
    const { calibrations: store, kept, setting } = scoring;
    this.#book = new CalibrationBook({ backends: this.#backends, store, kept, clock, logger });
    this.reranker = new ChosenReranker({
      backends: this.#backends,
      setting,
      book: this.#book,
      logger,
      meter,
    });
  }

  /** Says that searches will read tables like this one. */
  expect(table: TableSnapshot): void {
    this.reranker.expect(table);
  }

  /** The backend that serves most requests now. */
  usual(): BackendName {
    return this.reranker.usual(usualRows, 1);
  }

  stats(): ScorerStats {
    const { setting, absent } = this.#scoring;
    const here = this.#backends.map(({ reranker: { name, variant }, offReason }): BackendState => {
      return { name, variant, state: offReason === null ? 'ready' : 'off', reason: offReason };
    });
    const others = absent.map((one): BackendState => ({ ...one, variant: '' }));
    return { setting, backends: [...here, ...others], calibrations: this.#book.all() };
  }

  /** Backends that were latched off. */
  off(): readonly { readonly name: BackendName; readonly reason: string }[] {
    return this.#backends.flatMap(({ reranker: { name }, offReason }) =>
      offReason === null ? [] : [{ name, reason: offReason }],
    );
  }

  /** After the last request. A backend that hangs is left behind, so that the stores are still closed. */
  async close(): Promise<void> {
    await this.#book.close();
    const closed = Promise.all(this.#scoring.available.map((backend) => backend.close?.()));
    await within<unknown>(closed, limits.workerEndMsMax, this.#clock, null);
  }
}
