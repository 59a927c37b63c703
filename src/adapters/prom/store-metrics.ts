import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { limits } from '../../limits.ts';
import type { StoreOutcome, StorePool, StoreState } from '../../ports/store-caller.ts';
import type { StoreMeter } from '../../ports/store-meter.ts';
import { ClosedLabels } from './closed-labels.ts';

const stateValues: Readonly<Record<StoreState, number>> = { closed: 0, half_open: 1, open: 2 };

/** Calls to the stores outside the process, by store and pool. */
export class StoreMetrics implements StoreMeter {
  readonly #operations = new ClosedLabels(4 * limits.storeOperationsMax);
  readonly #calls: Histogram;
  readonly #retries: Counter;
  readonly #state: Gauge;
  readonly #abandoned: Gauge;

  constructor(registry: Registry, buckets: number[]) {
    const shared = { labelNames: ['store', 'pool'], registers: [registry] };
    this.#calls = new Histogram({
      ...shared,
      name: 'triptych_store_call_seconds',
      help: 'Time of a call to a store outside the process, as long as anybody waited for it',
      labelNames: ['store', 'pool', 'operation', 'outcome'],
      buckets,
    });
    this.#retries = new Counter({
      ...shared,
      name: 'triptych_store_retries_total',
      help: 'Calls to a store that were tried a second time',
    });
    this.#state = new Gauge({
      ...shared,
      name: 'triptych_store_state',
      help: '0: calls are made, 1: one call is trying the store, 2: the store is left alone',
    });
    this.#abandoned = new Gauge({
      ...shared,
      name: 'triptych_store_calls_abandoned',
      help: 'Calls to a store that its client has not ended and nobody waits for',
    });
  }

  storeCall({ store, pool }: StorePool, operation: string, outcome: StoreOutcome, ms: number): void {
    const labels = { store, pool, operation: this.#operations.of(operation), outcome };
    this.#calls.observe(labels, ms / 1_000);
  }

  storeRetry({ store, pool }: StorePool): void {
    this.#retries.inc({ store, pool });
  }

  storeHealth({ store, pool }: StorePool, health: { state: StoreState; abandoned: number }): void {
    this.#state.set({ store, pool }, stateValues[health.state]);
    this.#abandoned.set({ store, pool }, health.abandoned);
  }
}
