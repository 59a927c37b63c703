import type { CatalogueKey, SharedIndexName } from '../../ports/shared-index.ts';
import { documentColumns } from './document-statements.ts';
import type { SqlStatement } from './sql-client.ts';
import { keyParameters, livingCatalogue, ofKey } from './sync-sql.ts';

const inMs = (parameter: string): string =>
  `now() + ${parameter}::double precision * interval '1 millisecond'`;

const workText = `SELECT
  (SELECT count(*) FROM (SELECT FROM sync_state WHERE index_name = $1 AND due_at <= now() LIMIT $2) due),
  EXISTS (SELECT FROM sync_generation g
    WHERE g.index_name = $1 AND g.marked_to IS NOT NULL AND ${livingCatalogue('g')})`;

/** One row: how many documents are due, at most `most`; whether there are some that have yet to be marked. */
export function countWork(index: SharedIndexName, most: number): SqlStatement {
  return { text: workText, parameters: [index, most] };
}

const firstDueText = `SELECT s.tenant, s.generation FROM sync_state s
  WHERE s.index_name = $1 AND s.due_at <= now() AND ${livingCatalogue('s')}
  ORDER BY s.due_at LIMIT 1 FOR UPDATE OF s SKIP LOCKED`;

/** Row (tenant, generation) of the document that has been due longest, of those that nobody is about to take. */
export function firstDue(index: SharedIndexName): SqlStatement {
  return { text: firstDueText, parameters: [index] };
}

// Who was held longest ago comes first. The rows of one that is passed over may be many and are not read; LIMIT within
// LATERAL has the catalogues looked at one by one, until there is something to do.
const firstDueExceptText = `SELECT c.tenant, c.generation FROM (
    SELECT c.tenant, c.generation FROM catalogue c
    LEFT JOIN sync_generation g ON g.index_name = $1 AND g.tenant = c.tenant AND g.generation = c.generation
    WHERE c.state <> 'dropped' AND NOT EXISTS (SELECT FROM unnest($2::text[], $3::bigint[]) AS x(tenant, generation)
      WHERE x.tenant = c.tenant AND x.generation = c.generation)
    ORDER BY coalesce(g.held_until, '-infinity'), c.tenant, c.generation
  ) c CROSS JOIN LATERAL (
    SELECT 1 FROM sync_state s WHERE s.tenant = c.tenant AND s.generation = c.generation AND s.index_name = $1
      AND s.due_at <= now()
    LIMIT 1 FOR UPDATE SKIP LOCKED
  ) due LIMIT 1`;

/** The same of generations other than these. */
export function firstDueExcept(index: SharedIndexName, except: readonly CatalogueKey[]): SqlStatement {
  const parameters = [index, except.map(({ tenant }) => tenant), except.map(({ generation }) => generation)];
  return { text: firstDueExceptText, parameters };
}

const holdText = `
INSERT INTO sync_generation AS g (index_name, tenant, generation, unmarked, held_until)
SELECT $1::text, c.tenant, c.generation, 0, ${inMs('$4')} FROM catalogue c
WHERE c.tenant = $2 AND c.generation = $3 AND c.state <> 'dropped'
  AND EXISTS (SELECT FROM sync_index WHERE name = $1)
ON CONFLICT (index_name, tenant, generation) DO UPDATE
  SET held_until = greatest(g.held_until, excluded.held_until)
RETURNING (SELECT c.schema FROM catalogue c WHERE c.tenant = g.tenant AND c.generation = g.generation)`;

// It has to come before the rows of sync_state are locked: who marks documents holds this row and waits for writers.
/** Guard, row (schema): the generation is there, and is not forgotten while the lease lasts. */
export function holdGeneration(index: SharedIndexName, key: CatalogueKey, leaseMs: number): SqlStatement {
  return { text: holdText, parameters: [...keyParameters(index, key), leaseMs], guard: true };
}

const leaseText = `
WITH due AS (
  SELECT id FROM sync_state WHERE ${ofKey} AND due_at <= now()
  ORDER BY due_at, id LIMIT $4 FOR UPDATE SKIP LOCKED
)
UPDATE sync_state s SET claimed = desired, lease_token = $5, due_at = ${inMs('$6')}, attempts = attempts + 1
FROM due WHERE s.index_name = $1 AND s.tenant = $2 AND s.generation = $3 AND s.id = due.id
RETURNING 1`;

/** Guard: takes documents that are due. */
export function leaseDue(
  index: SharedIndexName,
  key: CatalogueKey,
  limit: number,
  token: string,
  leaseMs: number,
): SqlStatement {
  return { text: leaseText, parameters: [...keyParameters(index, key), limit, token, leaseMs], guard: true };
}

// A statement of its own, so that it sees what was committed before the rows were locked: a document is in the version
// that its row desires, because its next write has to wait for the row. now() is the transaction's, so the end of the
// lease finds the rows by their index.
const leasedText = `
SELECT s.id, s.desired, p.*
FROM sync_state s LEFT JOIN LATERAL (
  SELECT d.deleted_at IS NULL AS live, ${documentColumns} FROM document d
  WHERE d.tenant = s.tenant AND d.generation = s.generation AND d.id = s.id LIMIT 1
) p ON true
WHERE s.index_name = $1 AND s.due_at = ${inMs('$3')} AND s.lease_token = $2
ORDER BY s.id`;

/** Rows (id, desired version, live, then the document's columns) of what `leaseDue` took in this transaction. */
export function leasedDocuments(index: SharedIndexName, token: string, leaseMs: number): SqlStatement {
  return { text: leasedText, parameters: [index, token, leaseMs] };
}

export const leasedColumns = { id: 0, desired: 1, live: 2, document: 3 } as const;

const ofClaim = `${ofKey} AND id = ANY ($4::text[]) AND lease_token = $5`;
const lockClaimText = `SELECT 1 FROM (SELECT 1 FROM sync_state WHERE ${ofClaim} ORDER BY id FOR UPDATE) held
  HAVING count(*) = cardinality($4::text[])`;
const settleText = `DELETE FROM sync_state WHERE ${ofClaim} AND desired = claimed`;
const dueAgainText = `UPDATE sync_state SET claimed = NULL, lease_token = NULL, due_at = now(), since = now(),
  attempts = 0, last_error = NULL WHERE ${ofClaim}`;

/**
 * The documents were applied in the versions that were claimed: their rows go, unless they were written again. Its first
 * statement is a guard: all of them are still held.
 */
export function settle(
  index: SharedIndexName,
  key: CatalogueKey,
  ids: readonly string[],
  token: string,
): SqlStatement[] {
  const parameters = [...keyParameters(index, key), ids, token];
  return [
    { text: lockClaimText, parameters, guard: true },
    { text: settleText, parameters },
    { text: dueAgainText, parameters },
  ];
}

const lockHeldText = `SELECT 1 FROM sync_state WHERE ${ofClaim} ORDER BY id FOR UPDATE`;
// What was written again meanwhile has not been refused yet.
const failText = `UPDATE sync_state SET claimed = NULL, lease_token = NULL, last_error = $6,
  due_at = CASE WHEN $7::double precision IS NOT NULL THEN ${inMs('$7')}
    WHEN desired = claimed THEN 'infinity' ELSE now() END
  WHERE ${ofClaim}`;

/** Gives documents back, those that are still held; `retryInMs: null` parks them. */
export function giveBack(
  index: SharedIndexName,
  key: CatalogueKey,
  ids: readonly string[],
  token: string,
  reason: string,
  retryInMs: number | null,
): SqlStatement[] {
  const parameters = [...keyParameters(index, key), ids, token];
  return [
    { text: lockHeldText, parameters },
    { text: failText, parameters: [...parameters, reason, retryInMs] },
  ];
}
