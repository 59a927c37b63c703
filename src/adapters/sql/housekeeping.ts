import { limits } from '../../limits.ts';
import type { Clock } from '../../ports/clock.ts';
import { droppedCatalogues, forgetCatalogue, sweepDocuments } from './catalogue-statements.ts';
import { purgeTombstones } from './change-statements.ts';
import { type SqlClient, textCell } from './sql-client.ts';
import { sweepStates } from './sync-follow-statements.ts';
import { TableCare } from './table-care.ts';

const hourMs = 3_600_000;

/**
 * What the tables need beside the writes: old tombstones and dropped catalogues go, in short transactions, and dead
 * rows are vacuumed where the engine does not do it. Failures are left for the next time: nothing depends on it.
 */
export class Housekeeping {
  readonly #client: SqlClient;
  readonly #clock: Clock;
  readonly #care: TableCare | null;
  #tail: Promise<void> = Promise.resolve();
  #purgeDueMs = Number.NEGATIVE_INFINITY;
  #sweepDue = false;
  #closed = false;

  constructor(client: SqlClient, clock: Clock, selfVacuuming: boolean) {
    this.#client = client;
    this.#clock = clock;
    this.#care = selfVacuuming ? null : new TableCare(client, ['document', 'relation', 'catalogue']);
  }

  /** After each write: how many rows it wrote, and how many of them were there before. */
  wrote(rows: number, rewrittenRows: number): void {
    if (this.#clock.epochMs() >= this.#purgeDueMs) {
      this.#purgeDueMs = this.#clock.epochMs() + limits.tombstonePurgeIntervalMs;
      this.#soon(() => this.#purge());
    }
    this.#care?.wrote(rows, rewrittenRows);
  }

  /** After a catalogue was opened: the planner knows nothing of it yet, and it may have replaced another. */
  opened(): void {
    this.#care?.opened();
    this.dropped();
  }

  /** After a catalogue was dropped: its documents go, in the background. */
  dropped(): void {
    if (this.#sweepDue) return;
    this.#sweepDue = true;
    this.#soon(() => this.#sweep());
  }

  /** Deletes the documents of dropped catalogues; an interruption is made good by the next call. */
  async #sweep(): Promise<void> {
    // A catalogue that is dropped from here on may be missed by the list below, and needs a sweep of its own.
    this.#sweepDue = false;
    const [dropped = []] = await this.#client.run([droppedCatalogues(limits.listPageMax)], 'all');
    for (const row of dropped) await this.#sweepOne(textCell(row, 0), Number(textCell(row, 1)));
  }

  /** Waits for what is under way; nothing new is begun. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#tail, this.#care?.close()]);
  }

  async #sweepOne(tenant: string, generation: number): Promise<void> {
    let left = true;
    while (left && !this.#closed) {
      const swept = await this.#client.run(
        [
          sweepDocuments(tenant, generation, limits.sweepRows),
          sweepStates(tenant, generation, limits.sweepRows),
        ],
        'all',
      );
      left = swept.some((rows) => Number(textCell(rows[0]!, 0)) > 0);
    }
    if (!left) await this.#client.run([forgetCatalogue(tenant, generation)], 'all');
  }

  async #purge(): Promise<void> {
    const before = this.#clock.epochMs() - limits.tombstoneHours * hourMs;
    const [gone] = await this.#client.run([purgeTombstones(before, limits.tombstonePurgeRows)], 'all');
    // A full batch means that there is more: go on with the next write.
    if (gone?.length === limits.tombstonePurgeRows) this.#purgeDueMs = Number.NEGATIVE_INFINITY;
  }

  /** At most one task of each kind is due at a time, so the chain stays short. */
  #soon(task: () => Promise<void>): void {
    this.#tail = this.#tail.then(() => (this.#closed ? undefined : task())).catch(() => undefined);
  }
}
