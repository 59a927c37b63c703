/** One step of the schema: applied once, in order, in one transaction. Never changed after a release, only added to. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly statements: readonly string[];
}

/** The table that says which steps a database has; created before the first step. */
export const migrationTable = `
CREATE TABLE IF NOT EXISTS schema_migration (
  version    integer PRIMARY KEY,
  name       text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
)`;

/**
 * Ids sort by UTF-8 bytes (COLLATE "C"). `changed_xid` is the transaction of the row's last write: the change feed
 * reads rows by (changed_xid, id) below the oldest running transaction, so no commit can appear behind a reader.
 */
const catalogueAndDocuments: Migration = {
  version: 1,
  name: 'catalogue, document, relation',
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

export const migrations: readonly Migration[] = [catalogueAndDocuments];
