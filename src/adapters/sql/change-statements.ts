import { beginning, type ChangePosition } from './change-cursor.ts';
import { documentColumns } from './document-statements.ts';
import type { SqlStatement } from './sql-client.ts';

/**
 * One page of the change feed in one snapshot. Rows of running transactions are not visible, and rows at or above the
 * oldest of them are held back, so that (xid, id) only ever grows behind a reader. Columns: horizon, lost, xid, live,
 * then the document's; a page without changes is one row with a null xid, no row at all means no such catalogue.
 */
const changesText = `
SELECT pg_snapshot_xmin(pg_current_snapshot()),
  (c.purged_xid >= $5::xid8 AND (c.purged_xid, c.purged_id) > ($3::xid8, $4::text))
    OR $3::xid8 >= pg_snapshot_xmin(pg_current_snapshot()),
  page.*
FROM catalogue c
LEFT JOIN LATERAL (
  SELECT d.changed_xid, d.deleted_at IS NULL AS live, ${documentColumns}
  FROM document d
  WHERE d.tenant = c.tenant AND d.generation = c.generation
    AND (d.changed_xid, d.id) > ($3::xid8, $4::text)
    AND d.changed_xid < pg_snapshot_xmin(pg_current_snapshot())
    AND (d.deleted_at IS NULL OR ($7::boolean AND d.changed_xid >= $5::xid8))
  ORDER BY d.changed_xid, d.id
  LIMIT $6
) page ON true
WHERE c.tenant = $1 AND c.generation = $2 AND c.state <> 'dropped'
ORDER BY page.changed_xid, page.id`;

export const changeColumns = { horizon: 0, lost: 1, xid: 2, live: 3, document: 4 } as const;

/** `position: null` reads from the beginning, live documents only. */
export function readChanges(
  tenant: string,
  generation: number,
  position: ChangePosition | null,
  limit: number,
): SqlStatement {
  const from = position ?? beginning(generation);
  return {
    text: changesText,
    parameters: [
      tenant,
      generation,
      from.xid,
      from.id,
      from.startXid,
      limit,
      position === null ? 'false' : 'true',
    ],
  };
}

/**
 * Throws old tombstones away, a bounded number at a time, and remembers per catalogue the last one that went.
 * The result is one row for each tombstone.
 */
const purgeText = `
WITH old AS (
  SELECT tenant, generation, id FROM document
  WHERE deleted_at < to_timestamp($1::double precision / 1000)
  ORDER BY deleted_at LIMIT $2
), gone AS (
  DELETE FROM document d USING old
  WHERE d.tenant = old.tenant AND d.generation = old.generation AND d.id = old.id AND d.deleted_at IS NOT NULL
  RETURNING d.tenant, d.generation, d.changed_xid, d.id
), last AS (
  SELECT DISTINCT ON (tenant, generation) tenant, generation, changed_xid, id FROM gone
  ORDER BY tenant, generation, changed_xid DESC, id DESC
), marked AS (
  UPDATE catalogue c SET purged_xid = last.changed_xid, purged_id = last.id FROM last
  WHERE c.tenant = last.tenant AND c.generation = last.generation
    AND (last.changed_xid, last.id) > (c.purged_xid, c.purged_id)
)
SELECT 1 FROM gone`;

export function purgeTombstones(deletedBeforeMs: number, limit: number): SqlStatement {
  return { text: purgeText, parameters: [deletedBeforeMs, limit] };
}
