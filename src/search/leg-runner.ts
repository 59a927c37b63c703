import type { LegCoverage, LegState } from '../domain/search-response.ts';
import { TriptychError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';

/** What a leg came to: its value when it answered in time, and its coverage either way. */
export interface LegOutcome<T> {
  readonly value: T | null;
  readonly state: LegState;
  readonly ms: number;
  readonly budgetMs: number;
  readonly reason?: string;
}

/**
 * Runs one leg until `endMs` (monotonic). A leg that is late is aborted and left behind: its answer or error no longer
 * reaches anybody. A leg that throws is `failed` with a stable reason, or `open` where its store is left alone because it
 * keeps failing; the driver's message stays out of answers.
 * @param work is given what is left to it, in milliseconds
 */
export function runLeg<T>(
  clock: Clock,
  endMs: number,
  work: (signal: AbortSignal, timeoutMs: number) => Promise<T>,
): Promise<LegOutcome<T>> {
  const startMs = clock.nowMs();
  const budgetMs = Math.max(0, endMs - startMs);
  const controller = new AbortController();
  return new Promise((resolve) => {
    const settle = (state: LegState, value: T | null, reason?: string) => {
      cancel();
      const ms = clock.nowMs() - startMs;
      resolve({ value, state, ms, budgetMs, ...(reason === undefined ? {} : { reason }) });
    };
    const cancel = clock.after(budgetMs, () => {
      settle('late', null, 'budget_exceeded');
      controller.abort();
    });
    work(controller.signal, budgetMs).then(
      // Work that holds the event loop also holds the timer back, so the clock is asked as well.
      (value) => (clock.nowMs() > endMs ? settle('late', null, 'budget_exceeded') : settle('ok', value)),
      (error: unknown) => {
        const code = error instanceof TriptychError ? error.code : 'error';
        settle(code === 'store_open' ? 'open' : 'failed', null, code);
      },
    );
  });
}

export function coverageOf(outcome: LegOutcome<unknown>, candidates: number): LegCoverage {
  return {
    state: outcome.state,
    ms: outcome.ms,
    budgetMs: outcome.budgetMs,
    candidates,
    ...(outcome.reason === undefined ? {} : { reason: outcome.reason }),
  };
}

export function skippedCoverage(reason: string): LegCoverage {
  return { state: 'skipped', ms: 0, budgetMs: 0, candidates: 0, reason };
}
