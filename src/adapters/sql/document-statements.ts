import type { PackedVectors } from './embedding-bytes.ts';
import type { SqlStatement } from './sql-client.ts';
import type { PlannedRow } from './write-plan.ts';

/** Columns of a document, read by `documentOfRow`; `d` is the table. */
export const documentColumns = `d.id, d.version, d.title, d.text, d.body, d.embedding,
  (SELECT json_agg(json_build_array(r.type, r.target, r.strength) ORDER BY r.position)
     FROM relation r WHERE r.tenant = d.tenant AND r.generation = d.generation AND r.id = d.id)`;

const lockText = `SELECT 1 FROM catalogue
  WHERE tenant = $1 AND generation = $2 AND state <> 'dropped' FOR NO KEY UPDATE`;

/** Writers of one catalogue take turns, so that versions count without gaps and no write meets a dropped one. */
export function lockCatalogue(tenant: string, generation: number): SqlStatement {
  return { text: lockText, parameters: [tenant, generation], guard: true, prepared: true };
}

// LIMIT 1 holds the planner to one look-up by key per id; a join would read the whole catalogue for each batch.
const priorText = `SELECT p.id, p.version, p.live FROM unnest($3::text[]) AS i(id)
CROSS JOIN LATERAL (
  SELECT d.id, d.version, d.deleted_at IS NULL AS live FROM document d
  WHERE d.tenant = $1 AND d.generation = $2 AND d.id = i.id LIMIT 1
) p`;

/** Rows (id, version, live) of the ids before the write. */
export function priorStates(tenant: string, generation: number, ids: readonly string[]): SqlStatement {
  return { text: priorText, parameters: [tenant, generation, ids], prepared: true };
}

// The indexes that follow are the database's to know, not the process's: whoever writes marks what it writes as due for
// all of them, by id so that no two who lock these rows wait for each other. Where none follows the join is empty.
const upsertText = `
WITH written AS (
INSERT INTO document (tenant, generation, id, version, title, text, body, embedding, deleted_at, changed_xid)
SELECT $1::text, $2::bigint, i.id,
  coalesce(p.version, 0) + CASE WHEN p.id IS NOT NULL AND p.deleted_at IS NULL
    THEN i.when_live ELSE i.when_absent END,
  i.title, i.text, i.body::jsonb, substring($9::bytea FROM i.start + 1 FOR i.size),
  CASE WHEN i.live THEN NULL ELSE to_timestamp($13::double precision / 1000) END, pg_current_xact_id()
FROM unnest($3::text[], $4::boolean[], $5::integer[], $6::integer[], $7::text[], $8::text[], $10::text[],
    $11::integer[], $12::integer[])
  AS i(id, live, when_live, when_absent, title, text, body, start, size)
LEFT JOIN LATERAL (
  SELECT d.id, d.version, d.deleted_at FROM document d
  WHERE d.tenant = $1::text AND d.generation = $2::bigint AND d.id = i.id LIMIT 1
) p ON true
WHERE i.when_absent > 0 OR (p.id IS NOT NULL AND p.deleted_at IS NULL)
ON CONFLICT (tenant, generation, id) DO UPDATE SET version = excluded.version, title = excluded.title,
  text = excluded.text, body = excluded.body, embedding = excluded.embedding,
  deleted_at = excluded.deleted_at, changed_xid = excluded.changed_xid
RETURNING id, version
)
INSERT INTO sync_state AS s (index_name, tenant, generation, id, desired)
SELECT x.name, $1::text, $2::bigint, w.id, w.version FROM written w CROSS JOIN sync_index x
ORDER BY w.id, x.name
ON CONFLICT (tenant, generation, id, index_name) DO UPDATE SET desired = excluded.desired,
  due_at = CASE WHEN s.due_at = 'infinity' THEN excluded.due_at ELSE s.due_at END,
  since = CASE WHEN s.due_at = 'infinity' THEN excluded.since ELSE s.since END`;

/** Puts documents and tombstones; a delete of what is not there changes no row. */
export function upsertDocuments(
  tenant: string,
  generation: number,
  rows: readonly PlannedRow[],
  vectors: PackedVectors,
  nowMs: number,
): SqlStatement {
  return {
    text: upsertText,
    prepared: true,
    parameters: [
      tenant,
      generation,
      rows.map((row) => row.id),
      rows.map((row) => row.document !== null),
      rows.map((row) => row.whenLive),
      rows.map((row) => row.whenAbsent),
      rows.map((row) => row.document?.title ?? ''),
      rows.map((row) => row.document?.text ?? ''),
      vectors.bytes,
      rows.map((row) => JSON.stringify(bodyOf(row))),
      vectors.starts,
      vectors.sizes,
      nowMs,
    ],
  };
}

function bodyOf(row: PlannedRow): object {
  return row.document === null ? {} : { facets: row.document.facets, fields: row.document.fields };
}

const deleteRelationsText = `DELETE FROM relation
  WHERE tenant = $1 AND generation = $2 AND id = ANY ($3::text[])`;

const insertRelationsText = `
INSERT INTO relation (tenant, generation, id, position, type, target, strength)
SELECT $1::text, $2::bigint, i.id, i.position, i.type, i.target, i.strength
FROM unnest($3::text[], $4::integer[], $5::text[], $6::text[], $7::double precision[])
  AS i(id, position, type, target, strength)`;

/** Replaces the relations of the written ids. */
export function replaceRelations(
  tenant: string,
  generation: number,
  rows: readonly PlannedRow[],
): SqlStatement[] {
  const removal = {
    text: deleteRelationsText,
    prepared: true,
    parameters: [tenant, generation, rows.map((row) => row.id)],
  };
  const relations = rows.flatMap((row) =>
    (row.document?.relations ?? []).map((relation, position) => ({ id: row.id, position, relation })),
  );
  if (relations.length === 0) return [removal];
  const insertion = {
    text: insertRelationsText,
    prepared: true,
    parameters: [
      tenant,
      generation,
      relations.map((entry) => entry.id),
      relations.map((entry) => entry.position),
      relations.map((entry) => entry.relation.type),
      relations.map((entry) => entry.relation.id),
      relations.map((entry) => entry.relation.strength),
    ],
  };
  return [removal, insertion];
}

const getText = `SELECT ${documentColumns} FROM document d
  WHERE d.tenant = $1 AND d.generation = $2 AND d.id = $3 AND d.deleted_at IS NULL`;

export function getDocument(tenant: string, generation: number, id: string): SqlStatement {
  return { text: getText, parameters: [tenant, generation, id], prepared: true };
}

// LIMIT 1 as in priorText.
const embeddingsText = `SELECT p.* FROM unnest($3::text[]) WITH ORDINALITY AS i(id, place)
CROSS JOIN LATERAL (
  SELECT d.id, d.version, d.embedding FROM document d
  WHERE d.tenant = $1 AND d.generation = $2 AND d.id = i.id AND d.deleted_at IS NULL LIMIT 1
) p
ORDER BY i.place`;

/** Rows (id, version, embedding) of live documents. */
export function getEmbeddings(tenant: string, generation: number, ids: readonly string[]): SqlStatement {
  return { text: embeddingsText, parameters: [tenant, generation, ids] };
}

const listText = `SELECT ${documentColumns} FROM document d
  WHERE d.tenant = $1 AND d.generation = $2 AND d.id > $3 AND d.deleted_at IS NULL
  ORDER BY d.id LIMIT $4`;

/** No id is empty, so "after the empty id" is from the beginning. */
export function listDocuments(
  tenant: string,
  generation: number,
  afterId: string | null,
  limit: number,
): SqlStatement {
  return { text: listText, parameters: [tenant, generation, afterId ?? '', limit] };
}

const countText = `SELECT count(*) FROM document
  WHERE tenant = $1 AND generation = $2 AND deleted_at IS NULL`;

export function countDocuments(tenant: string, generation: number): SqlStatement {
  return { text: countText, parameters: [tenant, generation] };
}
