import { limits } from '../../limits.ts';
import type { SqlClient } from './sql-client.ts';

/**
 * Vacuums and analyzes some tables, where the engine does not do it by itself: dead rows are given back, and the planner
 * learns what the tables hold, often at first, while they grow fast. One table at a time, so that a write waits for one at
 * most. Failures are left for the next time.
 */
export class TableCare {
  readonly #client: SqlClient;
  readonly #tables: readonly string[];
  #rewrittenRows = 0;
  #writtenRows = 0;
  #analyzeDueRows: number = limits.analyzeAfterRows;
  #underWay: Promise<void> = Promise.resolve();
  #busy = false;
  #closed = false;

  constructor(client: SqlClient, tables: readonly string[]) {
    this.#client = client;
    this.#tables = tables;
  }

  /** The planner knows nothing of what is written from here on. */
  opened(): void {
    this.#analyzeDueRows = limits.analyzeAfterRows;
  }

  /** After each write: how many rows it wrote, and how many of them were there before. */
  wrote(rows: number, rewrittenRows: number): void {
    this.#rewrittenRows += rewrittenRows;
    this.#writtenRows += rows;
    const vacuum = this.#rewrittenRows >= limits.vacuumAfterRows;
    if (this.#busy || this.#closed || (!vacuum && this.#writtenRows < this.#analyzeDueRows)) return;
    this.#analyzeDueRows = Math.min(2 * this.#analyzeDueRows, limits.vacuumAfterRows);
    this.#writtenRows = 0;
    if (vacuum) this.#rewrittenRows = 0;
    this.#busy = true;
    this.#underWay = this.#run(vacuum ? 'VACUUM (ANALYZE)' : 'ANALYZE');
  }

  /** Waits for what is under way; nothing new is begun. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#underWay;
  }

  async #run(care: string): Promise<void> {
    for (const table of this.#tables) {
      if (this.#closed) break;
      await this.#client
        .run([{ text: `${care} ${table}`, parameters: [], lengthy: true }], 'owner')
        .catch(() => undefined);
    }
    this.#busy = false;
    // What was written meanwhile may be due as well.
    this.wrote(0, 0);
  }
}
