import { appRole, ownerRole, workerRole } from './roles.ts';
import { rowsByTenant } from './row-security.ts';

/**
 * What indexes outside the process have yet to apply. A document has a row in `sync_state` for an index only as long as
 * the index may not have its newest version, so the table is as large as what waits. Times are the database's own: the
 * clocks of several workers need not agree.
 */
export const syncTables: readonly string[] = [
  // The indexes that follow. Whoever changes this table locks it, and so waits for the writes that have read it.
  `CREATE TABLE sync_index (
    name  text COLLATE "C" PRIMARY KEY,
    since timestamptz NOT NULL DEFAULT now()
  )`,
  `ALTER TABLE sync_index OWNER TO ${ownerRole}`,
  `GRANT SELECT ON sync_index TO ${appRole}`,
  `GRANT SELECT, INSERT, UPDATE, DELETE ON sync_index TO ${workerRole}`,
  // The generations that an index may hold something of. Documents after marked_to have yet to be marked as due, about
  // unmarked of them; null: all are. Somebody may be writing it into the index until held_until.
  `CREATE TABLE sync_generation (
    index_name text COLLATE "C" NOT NULL,
    tenant     text COLLATE "C" NOT NULL,
    generation bigint NOT NULL,
    marked_to  text COLLATE "C",
    unmarked   bigint NOT NULL,
    since      timestamptz NOT NULL DEFAULT now(),
    held_until timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (index_name, tenant, generation)
  )`,
  // desired is the newest version; a worker that holds the row holds it in the version claimed. The row may be taken
  // from due_at on: when it was written, when its lease ends, when it is to be tried again; infinity: it is parked.
  `CREATE TABLE sync_state (
    index_name  text COLLATE "C" NOT NULL,
    tenant      text COLLATE "C" NOT NULL,
    generation  bigint NOT NULL,
    id          text COLLATE "C" NOT NULL,
    desired     bigint NOT NULL,
    claimed     bigint,
    since       timestamptz NOT NULL DEFAULT now(),
    due_at      timestamptz NOT NULL DEFAULT now(),
    lease_token text,
    attempts    integer NOT NULL DEFAULT 0,
    last_error  text,
    PRIMARY KEY (tenant, generation, id, index_name)
  )`,
  `CREATE INDEX sync_state_due ON sync_state (index_name, due_at)`,
  ...['sync_generation', 'sync_state'].flatMap(rowsByTenant),
];
