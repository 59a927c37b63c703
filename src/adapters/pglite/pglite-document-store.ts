import type { Clock } from '../../ports/clock.ts';
import { SqlDocumentStore } from '../sql/sql-document-store.ts';
import type { DataDirLock } from './data-dir-lock.ts';
import type { PgliteClient } from './pglite-client.ts';

/**
 * The documents of the embedded truth. `close` ends the engine, for the stores beside this one too: it flushes, within
 * limits.drainMsMax, then frees the data folder for other processes.
 */
export class PgliteDocumentStore extends SqlDocumentStore {
  readonly #lock: DataDirLock | null;

  constructor(client: PgliteClient, clock: Clock, lock: DataDirLock | null) {
    super(client, { clock, selfVacuuming: false });
    this.#lock = lock;
  }

  /** Writes this process's address into the lock, for commands that find the folder in use. */
  async recordUrl(url: string): Promise<void> {
    await this.#lock?.recordUrl(url);
  }

  override async close(): Promise<void> {
    // Where the engine could not be ended it may still write: the folder then stays locked as long as this process.
    await super.close();
    await this.#lock?.release();
  }
}
