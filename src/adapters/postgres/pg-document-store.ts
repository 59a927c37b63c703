import type { Clock } from '../../ports/clock.ts';
import { SqlDocumentStore } from '../sql/sql-document-store.ts';
import type { PgClient } from './pg-client.ts';

/** Documents in a Postgres server, which vacuums by itself. `close` ends the connections of the stores beside this one too. */
export class PgDocumentStore extends SqlDocumentStore {
  readonly #client: PgClient;

  constructor(client: PgClient, clock: Clock) {
    super(client, { clock, selfVacuuming: true });
    this.#client = client;
  }

  /** Resolves when searches and background work alike get answers. */
  override ping(): Promise<void> {
    return this.#client.ping();
  }
}
