import type { CatalogueKey, SharedIndexName } from '../../ports/shared-index.ts';
import type { SqlStatement } from './sql-client.ts';
import { keyParameters, livingCatalogue, ofKey } from './sync-sql.ts';

/** Waits for the writes that have read which indexes follow, and keeps later ones waiting until the commit. */
export const lockFollowed: SqlStatement = {
  text: 'LOCK TABLE sync_index IN ACCESS EXCLUSIVE MODE',
  parameters: [],
};

export function isFollowed(index: SharedIndexName): SqlStatement {
  return { text: 'SELECT 1 FROM sync_index WHERE name = $1', parameters: [index] };
}

/** Guard: nobody was faster. */
export function notFollowed(index: SharedIndexName): SqlStatement {
  const text = 'SELECT 1 WHERE NOT EXISTS (SELECT FROM sync_index WHERE name = $1)';
  return { text, parameters: [index], guard: true };
}

export function addFollowed(index: SharedIndexName): SqlStatement {
  return { text: 'INSERT INTO sync_index (name) VALUES ($1)', parameters: [index] };
}

export function removeFollowed(index: SharedIndexName): SqlStatement {
  return { text: 'DELETE FROM sync_index WHERE name = $1', parameters: [index] };
}

const countText = `SELECT c.tenant, c.generation, (
    SELECT count(*) FROM document d
    WHERE d.tenant = c.tenant AND d.generation = c.generation AND d.deleted_at IS NULL)
  FROM catalogue c WHERE c.state <> 'dropped'`;

/** Rows (tenant, generation, documents) of all catalogues. */
export const countGenerations: SqlStatement = { text: countText, parameters: [], lengthy: true };

const markLaterText = `
INSERT INTO sync_generation (index_name, tenant, generation, marked_to, unmarked)
SELECT $1::text, c.tenant, c.generation, '', coalesce(n.documents, 0)
FROM catalogue c
LEFT JOIN unnest($2::text[], $3::bigint[], $4::bigint[]) AS n(tenant, generation, documents)
  ON n.tenant = c.tenant AND n.generation = c.generation
WHERE c.state <> 'dropped'
ON CONFLICT (index_name, tenant, generation) DO UPDATE SET
  marked_to = excluded.marked_to, unmarked = excluded.unmarked, since = excluded.since`;

/** All documents of all catalogues are to be marked as due, step by step. */
export function markAllLater(
  index: SharedIndexName,
  counts: readonly (CatalogueKey & { readonly documents: number })[],
): SqlStatement {
  const parameters = [
    index,
    counts.map(({ tenant }) => tenant),
    counts.map(({ generation }) => generation),
    counts.map(({ documents }) => documents),
  ];
  return { text: markLaterText, parameters };
}

const forgetStatesText = `
WITH gone AS (
  DELETE FROM sync_state s USING (
    SELECT tenant, generation, id FROM sync_state WHERE index_name = $1
    ORDER BY tenant, generation, id LIMIT $2 FOR UPDATE
  ) old
  WHERE s.index_name = $1 AND s.tenant = old.tenant AND s.generation = old.generation AND s.id = old.id
  RETURNING 1
)
SELECT count(*) FROM gone`;

/** Deletes what is due for an index, at most `limit`; one row with the number. */
export function forgetStates(index: SharedIndexName, limit: number): SqlStatement {
  return { text: forgetStatesText, parameters: [index, limit] };
}

export function forgetGenerations(index: SharedIndexName): SqlStatement {
  return { text: 'DELETE FROM sync_generation WHERE index_name = $1', parameters: [index] };
}

const markStepText = `
WITH step AS (
  SELECT g.tenant, g.generation, g.marked_to FROM sync_generation g
  WHERE g.index_name = $1 AND g.marked_to IS NOT NULL AND ${livingCatalogue('g')}
  ORDER BY g.tenant, g.generation LIMIT 1 FOR UPDATE SKIP LOCKED
), page AS (
  SELECT d.* FROM step CROSS JOIN LATERAL (
    SELECT d.tenant, d.generation, d.id, d.version FROM document d
    WHERE d.tenant = step.tenant AND d.generation = step.generation AND d.id > step.marked_to
      AND d.deleted_at IS NULL
    ORDER BY d.id LIMIT $2::bigint
  ) d
), marked AS (
  INSERT INTO sync_state (index_name, tenant, generation, id, desired)
  SELECT $1::text, tenant, generation, id, version FROM page ORDER BY id
  ON CONFLICT DO NOTHING
)
UPDATE sync_generation g SET
  marked_to = CASE WHEN done.rows < $2::bigint THEN NULL ELSE done.last END,
  unmarked = CASE WHEN done.rows < $2::bigint THEN 0 ELSE greatest(0, g.unmarked - done.rows) END
FROM step, (SELECT count(*) AS rows, max(id) AS last FROM page) done
WHERE g.index_name = $1 AND g.tenant = step.tenant AND g.generation = step.generation`;

/** Marks the next documents of one generation as due, at most `limit`. */
export function markStep(index: SharedIndexName, limit: number): SqlStatement {
  return { text: markStepText, parameters: [index, limit] };
}

const lagText = `
SELECT waiting.documents + unmarked.documents, extract(epoch FROM least(waiting.since, unmarked.since)) * 1000,
  waiting.parked
FROM (
  SELECT count(*) FILTER (WHERE due_at < 'infinity') AS documents,
    min(since) FILTER (WHERE due_at < 'infinity') AS since,
    count(*) FILTER (WHERE due_at = 'infinity') AS parked
  FROM sync_state s WHERE index_name = $1 AND ($2::text IS NULL OR tenant = $2 AND generation = $3::bigint)
    AND ${livingCatalogue('s')}
) waiting, (
  SELECT coalesce(sum(greatest(unmarked, 1)), 0) AS documents, min(since) AS since FROM sync_generation g
  WHERE index_name = $1 AND ($2::text IS NULL OR tenant = $2 AND generation = $3::bigint)
    AND marked_to IS NOT NULL AND ${livingCatalogue('g')}
) unmarked`;

/** One row: documents that wait, since when (milliseconds since 1970 or null), parked documents. */
export function readLag(index: SharedIndexName, key: CatalogueKey | undefined): SqlStatement {
  return { text: lagText, parameters: [index, key?.tenant ?? null, key?.generation ?? null] };
}

const waitingText = `
SELECT t.tenant FROM unnest($2::text[]) AS t(tenant)
WHERE EXISTS (SELECT FROM sync_state s
    WHERE s.tenant = t.tenant AND s.index_name = $1 AND s.due_at < 'infinity' AND ${livingCatalogue('s')})
  OR EXISTS (SELECT FROM sync_generation g
    WHERE g.tenant = t.tenant AND g.index_name = $1 AND g.marked_to IS NOT NULL AND ${livingCatalogue('g')})`;

/** Rows (tenant): those of whom something waits. */
export function waitingTenants(index: SharedIndexName, tenants: readonly string[]): SqlStatement {
  return { text: waitingText, parameters: [index, tenants] };
}

const hasAppliedText = `
SELECT EXISTS (
  SELECT FROM document d
  WHERE d.tenant = $2 AND d.generation = $3 AND d.deleted_at IS NULL
    AND NOT EXISTS (SELECT FROM sync_state s WHERE s.tenant = d.tenant AND s.generation = d.generation
      AND s.id = d.id AND s.index_name = $1)
    AND NOT EXISTS (SELECT FROM sync_generation g WHERE g.index_name = $1 AND g.tenant = $2 AND g.generation = $3
      AND g.marked_to < d.id)
) AND EXISTS (SELECT FROM sync_index WHERE name = $1)`;

/** One row: whether a document was marked as due once and is not any more. */
export function hasApplied(index: SharedIndexName, key: CatalogueKey): SqlStatement {
  return { text: hasAppliedText, parameters: keyParameters(index, key), lengthy: true };
}

/** The version of a delete of which the truth knows nothing any more: newer than whatever an index has. */
const versionUnknown = Number.MAX_SAFE_INTEGER;

// Whoever holds it goes on, and as it counts as written since, it is due again after that: two workers that took each
// other's lease away would do the same documents for ever.
const isHeld = 's.lease_token IS NOT NULL AND s.due_at > now()';

const requeueSomeText = `
WITH due AS (
  INSERT INTO sync_state AS s (index_name, tenant, generation, id, desired)
  SELECT $1::text, $2::text, $3::bigint, i.id, coalesce(p.version, $5::bigint)
  FROM unnest($4::text[]) AS i(id)
  LEFT JOIN LATERAL (
    SELECT d.version FROM document d
    WHERE d.tenant = $2 AND d.generation = $3 AND d.id = i.id LIMIT 1
  ) p ON true
  WHERE EXISTS (SELECT FROM sync_index WHERE name = $1) AND EXISTS (
    SELECT FROM catalogue c WHERE c.tenant = $2 AND c.generation = $3 AND c.state <> 'dropped')
  ORDER BY i.id
  ON CONFLICT (tenant, generation, id, index_name) DO UPDATE SET
    claimed = NULL, attempts = 0, last_error = NULL,
    lease_token = CASE WHEN ${isHeld} THEN s.lease_token END,
    due_at = CASE WHEN ${isHeld} THEN s.due_at ELSE excluded.due_at END
  RETURNING 1
)
SELECT count(*) FROM due`;

/** Makes documents due, those that somebody holds included; one row with their number. */
export function requeueSome(index: SharedIndexName, key: CatalogueKey, ids: readonly string[]): SqlStatement {
  return { text: requeueSomeText, parameters: [...keyParameters(index, key), ids, versionUnknown] };
}

const requeueAllText = `
INSERT INTO sync_generation AS g (index_name, tenant, generation, marked_to, unmarked)
SELECT $1::text, c.tenant, c.generation, '', (
  SELECT count(*) FROM document d
  WHERE d.tenant = c.tenant AND d.generation = c.generation AND d.deleted_at IS NULL)
FROM catalogue c
WHERE c.tenant = $2 AND c.generation = $3 AND c.state <> 'dropped'
  AND EXISTS (SELECT FROM sync_index WHERE name = $1)
ON CONFLICT (index_name, tenant, generation) DO UPDATE SET
  marked_to = excluded.marked_to, unmarked = excluded.unmarked, since = excluded.since
RETURNING unmarked`;

const requeueHeldText = `
UPDATE sync_state s SET claimed = NULL, lease_token = NULL, due_at = now(), attempts = 0, last_error = NULL
FROM (SELECT id FROM sync_state WHERE ${ofKey} ORDER BY id FOR UPDATE) held
WHERE s.index_name = $1 AND s.tenant = $2 AND s.generation = $3 AND s.id = held.id`;

/** Has all documents of a generation marked as due, step by step. The first statement's row is their number. */
export function requeueAll(index: SharedIndexName, key: CatalogueKey): SqlStatement[] {
  const parameters = keyParameters(index, key);
  return [
    { text: requeueAllText, parameters, guard: true, lengthy: true },
    { text: requeueHeldText, parameters, lengthy: true },
  ];
}

const droppedText = `SELECT g.tenant, g.generation FROM sync_generation g
  WHERE g.index_name = $1 AND g.held_until <= now() AND NOT ${livingCatalogue('g')}
  ORDER BY g.tenant, g.generation LIMIT $2`;

/** Rows (tenant, generation). Not those that somebody may still be writing. */
export function droppedGenerations(index: SharedIndexName, limit: number): SqlStatement {
  return { text: droppedText, parameters: [index, limit] };
}

const forgetText = `DELETE FROM sync_generation g WHERE g.index_name = $1 AND g.tenant = $2 AND g.generation = $3
  AND g.held_until <= now() AND NOT ${livingCatalogue('g')}`;

export function forgetGeneration(index: SharedIndexName, key: CatalogueKey): SqlStatement {
  return { text: forgetText, parameters: keyParameters(index, key) };
}

const sweepText = `
WITH gone AS (
  DELETE FROM sync_state s USING (
    SELECT id, index_name FROM sync_state WHERE tenant = $1 AND generation = $2
    ORDER BY id, index_name LIMIT $3 FOR UPDATE
  ) old
  WHERE s.tenant = $1 AND s.generation = $2 AND s.id = old.id AND s.index_name = old.index_name
  RETURNING 1
)
SELECT count(*) FROM gone`;

/** Deletes what is due of a dropped catalogue, at most `limit`; one row with the number. */
export function sweepStates(tenant: string, generation: number, limit: number): SqlStatement {
  return { text: sweepText, parameters: [tenant, generation, limit] };
}
