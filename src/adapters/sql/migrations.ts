import { appRole, ownerRole, workerRole } from './roles.ts';
import { rowsByTenant } from './row-security.ts';
import { syncTables } from './sync-tables.ts';
import { wordTables } from './word-tables.ts';

/** An index of a step. */
export interface IndexDefinition {
  readonly name: string;
  readonly unique?: boolean;
  /** What stands behind ON. */
  readonly on: string;
}

/**
 * One step of the schema: applied once, in order. Never changed after a release, only added to. Its statements are one
 * transaction. A step of indexes on tables that may be large is built beside what goes on, where the engine serves others.
 */
export type Migration = MigrationHead &
  (
    | { readonly statements: readonly string[]; readonly indexes?: never }
    | { readonly indexes: readonly IndexDefinition[]; readonly statements?: never }
  );

interface MigrationHead {
  readonly version: number;
  readonly name: string;
  /** `expand`: programs of before go on working beside it; `contract`: it takes away or changes what they rely on. */
  readonly kind: 'expand' | 'contract';
  /** The oldest program, by the newest step that it knows, that may serve a database with this step. */
  readonly servesFrom: number;
}

/** The table that says which steps a database has; created before the first step. */
export const migrationTable = `
CREATE TABLE IF NOT EXISTS schema_migration (
  version    integer PRIMARY KEY,
  name       text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
)`;

/** Steps that were recorded before this column was there serve their own version and newer ones. */
export const servesFromColumn = 'ALTER TABLE schema_migration ADD COLUMN IF NOT EXISTS serves_from integer';

/**
 * Ids sort by UTF-8 bytes (COLLATE "C"). `changed_xid` is the transaction of the row's last write: the change feed
 * reads rows by (changed_xid, id) below the oldest running transaction, so no commit can appear behind a reader.
 */
const catalogueAndDocuments: Migration = {
  version: 1,
  name: 'catalogue, document, relation',
  kind: 'expand',
  servesFrom: 1,
  statements: [
    // Its row is the tenant's lock for changes of catalogues, and no generation number is given twice.
    `CREATE TABLE generation_counter (
      tenant text COLLATE "C" PRIMARY KEY,
      last   bigint NOT NULL
    )`,
    // json, not jsonb, keeps the author's order of facets and fields; purged_* is the last tombstone thrown away.
    `CREATE TABLE catalogue (
      tenant     text COLLATE "C" NOT NULL,
      generation bigint NOT NULL,
      schema     json NOT NULL,
      state      text NOT NULL CHECK (state IN ('live', 'staged', 'dropped')),
      purged_xid xid8 NOT NULL DEFAULT '0',
      purged_id  text COLLATE "C" NOT NULL DEFAULT '',
      PRIMARY KEY (tenant, generation)
    )`,
    `CREATE UNIQUE INDEX catalogue_live ON catalogue (tenant) WHERE state = 'live'`,
    `CREATE UNIQUE INDEX catalogue_staged ON catalogue (tenant) WHERE state = 'staged'`,
    `CREATE TABLE document (
      tenant      text COLLATE "C" NOT NULL,
      generation  bigint NOT NULL,
      id          text COLLATE "C" NOT NULL,
      version     bigint NOT NULL,
      title       text NOT NULL,
      text        text NOT NULL,
      body        jsonb NOT NULL,
      embedding   bytea NOT NULL,
      deleted_at  timestamptz,
      changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
      PRIMARY KEY (tenant, generation, id)
    )`,
    // Vectors do not compress, and a row that fits a page is read without a detour over the TOAST table.
    `ALTER TABLE document ALTER COLUMN embedding SET STORAGE EXTERNAL`,
    `ALTER TABLE document SET (toast_tuple_target = 8160)`,
    // Nothing is planned by these columns, and sampling them would cost more than everything else.
    ...['title', 'text', 'body', 'embedding'].map(
      (column) => `ALTER TABLE document ALTER COLUMN ${column} SET STATISTICS 0`,
    ),
    `CREATE INDEX document_changes ON document (tenant, generation, changed_xid, id)`,
    `CREATE INDEX document_tombstones ON document (deleted_at) WHERE deleted_at IS NOT NULL`,
    // The position keeps the author's order and lets one document point to a target twice.
    `CREATE TABLE relation (
      tenant     text COLLATE "C" NOT NULL,
      generation bigint NOT NULL,
      id         text COLLATE "C" NOT NULL,
      position   integer NOT NULL,
      type       text NOT NULL,
      target     text COLLATE "C" NOT NULL,
      strength   double precision NOT NULL,
      PRIMARY KEY (tenant, generation, id, position)
    )`,
  ],
};

/** Who may see what, what users did, and what that adds up to. Times are milliseconds since 1970. */
const policiesAndUsers: Migration = {
  version: 2,
  name: 'policies, events, user states',
  kind: 'expand',
  servesFrom: 1,
  statements: [
    // Every version of anything below comes from here: none is given twice, also after a deletion.
    `CREATE SEQUENCE given_version`,
    // json, not jsonb, keeps the author's order.
    `CREATE TABLE tenant_rules (
      tenant  text COLLATE "C" PRIMARY KEY,
      version bigint NOT NULL,
      body    json NOT NULL
    )`,
    `CREATE TABLE user_policy (
      tenant  text COLLATE "C" NOT NULL,
      user_id text COLLATE "C" NOT NULL,
      context text COLLATE "C" NOT NULL,
      version bigint NOT NULL,
      body    json NOT NULL,
      PRIMARY KEY (tenant, user_id, context)
    )`,
    `CREATE TABLE event (
      tenant         text COLLATE "C" NOT NULL,
      event_id       text COLLATE "C" NOT NULL,
      arrival        bigint GENERATED ALWAYS AS IDENTITY,
      user_id        text COLLATE "C" NOT NULL,
      document       text COLLATE "C" NOT NULL,
      type           text NOT NULL,
      value          double precision,
      context        text,
      at_ms          double precision NOT NULL,
      request_id     text,
      received_at_ms double precision NOT NULL,
      applied        boolean NOT NULL DEFAULT false,
      PRIMARY KEY (tenant, event_id)
    )`,
    `CREATE INDEX event_of_user ON event (tenant, user_id, arrival)`,
    `CREATE INDEX event_pending ON event (arrival) WHERE NOT applied`,
    `CREATE INDEX event_of_user_pending ON event (tenant, user_id, arrival) WHERE NOT applied`,
    // Its row is the user's lock: there is one wherever there are events.
    `CREATE TABLE user_state (
      tenant       text COLLATE "C" NOT NULL,
      user_id      text COLLATE "C" NOT NULL,
      version      bigint NOT NULL,
      pending      bigint NOT NULL,
      newest_ms    double precision,
      taste_space  text COLLATE "C",
      taste        double precision[],
      taste_ref_ms double precision,
      PRIMARY KEY (tenant, user_id)
    ) WITH (fillfactor = 70)`,
    // Sums of random numbers do not compress.
    `ALTER TABLE user_state ALTER COLUMN taste SET STORAGE EXTERNAL`,
    `ALTER TABLE user_state ALTER COLUMN taste SET STATISTICS 0`,
    // An affinity of 0 is none; met orders documents by the time of their last event's application.
    `CREATE TABLE user_document (
      tenant          text COLLATE "C" NOT NULL,
      user_id         text COLLATE "C" NOT NULL,
      document        text COLLATE "C" NOT NULL,
      seen            boolean NOT NULL,
      hidden          boolean NOT NULL,
      affinity        double precision NOT NULL,
      affinity_ref_ms double precision NOT NULL,
      met             bigint NOT NULL,
      PRIMARY KEY (tenant, user_id, document)
    )`,
    `CREATE INDEX user_document_met ON user_document (tenant, user_id, hidden DESC, met DESC)`,
    // Room on every page for the next version of a row, which then needs no new index entry.
    `CREATE TABLE user_value (
      tenant   text COLLATE "C" NOT NULL,
      user_id  text COLLATE "C" NOT NULL,
      facet    text COLLATE "C" NOT NULL,
      value    text COLLATE "C" NOT NULL,
      rewards  double precision NOT NULL,
      evidence double precision NOT NULL,
      ref_ms   double precision NOT NULL,
      PRIMARY KEY (tenant, user_id, facet, value)
    ) WITH (fillfactor = 70)`,
    `CREATE TABLE signing_key (
      name   text COLLATE "C" PRIMARY KEY,
      secret bytea NOT NULL
    )`,
  ],
};

/** Rows belong to tenants in the engine's eyes too: a program that does not say whom it serves sees none. */
const rowSecurity: Migration = {
  version: 3,
  name: 'row-level security',
  kind: 'contract',
  servesFrom: 3,
  statements: [
    ...[
      'generation_counter',
      'catalogue',
      'document',
      'relation',
      'tenant_rules',
      'user_policy',
      'event',
      'user_state',
      'user_document',
      'user_value',
    ].flatMap(rowsByTenant),
    `ALTER SEQUENCE given_version OWNER TO ${ownerRole}`,
    `GRANT USAGE ON SEQUENCE given_version TO ${appRole}, ${workerRole}`,
    `ALTER TABLE signing_key OWNER TO ${ownerRole}`,
    `GRANT SELECT, INSERT ON signing_key TO ${workerRole}`,
    `ALTER TABLE schema_migration OWNER TO ${ownerRole}`,
    `GRANT SELECT ON schema_migration TO ${appRole}, ${workerRole}`,
  ],
};

/** A program of before does not mark what it writes as due. */
const indexSync: Migration = {
  version: 4,
  name: 'what indexes outside the process have yet to apply',
  kind: 'contract',
  servesFrom: 4,
  statements: syncTables,
};

const wordIndex: Migration = {
  version: 5,
  name: 'word index',
  kind: 'expand',
  servesFrom: 4,
  statements: wordTables,
};

export const migrations: readonly Migration[] = [
  catalogueAndDocuments,
  policiesAndUsers,
  rowSecurity,
  indexSync,
  wordIndex,
];
