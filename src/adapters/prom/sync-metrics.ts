import { Counter, Gauge, type Registry } from 'prom-client';
import type { SharedIndexName } from '../../ports/shared-index.ts';

/** What is measured of the indexes outside the process. */
export class SyncMetrics {
  readonly #synced: Counter;
  readonly #pending: Gauge;
  readonly #parked: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#synced = new Counter({
      name: 'triptych_synced_documents_total',
      help: 'Documents that an index outside the process has taken, or refuses for good',
      labelNames: ['index', 'outcome'],
      registers,
    });
    this.#pending = new Gauge({
      name: 'triptych_index_pending_documents',
      help: 'Documents whose newest version an index outside the process does not have',
      labelNames: ['index'],
      registers,
    });
    this.#parked = new Gauge({
      name: 'triptych_index_parked_documents',
      help: 'Documents that an index outside the process refuses for good',
      labelNames: ['index'],
      registers,
    });
  }

  synced(index: SharedIndexName, outcome: 'applied' | 'parked', documents: number): void {
    this.#synced.inc({ index, outcome }, documents);
  }

  indexLag(index: SharedIndexName, pending: number, parked: number): void {
    this.#pending.set({ index }, pending);
    this.#parked.set({ index }, parked);
  }
}
