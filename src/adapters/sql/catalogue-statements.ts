import type { SqlStatement } from './sql-client.ts';

const lockTenantText = `INSERT INTO generation_counter AS g (tenant, last) VALUES ($1, 0)
  ON CONFLICT (tenant) DO UPDATE SET last = g.last`;

/** Changes of one tenant's catalogues take turns. */
export function lockTenant(tenant: string): SqlStatement {
  return { text: lockTenantText, parameters: [tenant] };
}

const liveText = `SELECT generation, schema FROM catalogue WHERE tenant = $1 AND state = 'live'`;

export function liveCatalogue(tenant: string): SqlStatement {
  return { text: liveText, parameters: [tenant], prepared: true };
}

const openText = `
WITH next AS (
  UPDATE generation_counter SET last = last + 1
  WHERE tenant = $1 AND NOT EXISTS (SELECT FROM catalogue WHERE tenant = $1 AND state = $3)
  RETURNING last
)
INSERT INTO catalogue (tenant, generation, schema, state) SELECT $1, last, $2::json, $3 FROM next`;

/** Opens the next generation, unless the tenant has a catalogue in that state. */
export function openCatalogue(tenant: string, schema: string, state: 'live' | 'staged'): SqlStatement {
  return { text: openText, parameters: [tenant, schema, state] };
}

// jsonb equality is equality of canonical JSON: the order of keys and the spelling of numbers do not count. A schema that
// was stored without a tier is one with f32.
const comparable = (schema: string): string =>
  `jsonb_set(${schema}, '{embedding}', '{"tier":"f32"}'::jsonb || (${schema} -> 'embedding'))`;
const sameSchema = `${comparable('schema::jsonb')} = ${comparable('$2::jsonb')}`;
const inStateText = `SELECT generation, schema, ${sameSchema} FROM catalogue
  WHERE tenant = $1 AND state = $3`;

/** Row (generation, schema, whether the schema is the given one). */
export function catalogueInState(tenant: string, schema: string, state: 'live' | 'staged'): SqlStatement {
  return { text: inStateText, parameters: [tenant, schema, state] };
}

const dropStagedText = `UPDATE catalogue SET state = 'dropped'
  WHERE tenant = $1 AND state = 'staged' AND NOT (${sameSchema})`;

export function dropStagedUnlessEqual(tenant: string, schema: string): SqlStatement {
  return { text: dropStagedText, parameters: [tenant, schema] };
}

const findText = `SELECT generation, schema, state FROM catalogue
  WHERE tenant = $1 AND generation = $2 AND state <> 'dropped'`;

/** Guard: the generation is there to be activated, or is live already. */
export function findCatalogue(tenant: string, generation: number): SqlStatement {
  return { text: findText, parameters: [tenant, generation], guard: true };
}

const dropLiveText = `UPDATE catalogue SET state = 'dropped'
  WHERE tenant = $1 AND state = 'live' AND generation <> $2`;
const makeLiveText = `UPDATE catalogue SET state = 'live' WHERE tenant = $1 AND generation = $2`;

/** Swaps the live catalogue; to be run in one transaction. */
export function activate(tenant: string, generation: number): SqlStatement[] {
  return [
    { text: dropLiveText, parameters: [tenant, generation] },
    { text: makeLiveText, parameters: [tenant, generation] },
  ];
}

const droppedText = `SELECT tenant, generation FROM catalogue WHERE state = 'dropped' LIMIT $1`;

export function droppedCatalogues(limit: number): SqlStatement {
  return { text: droppedText, parameters: [limit] };
}

const sweepText = `
WITH doomed AS (
  SELECT id FROM document WHERE tenant = $1 AND generation = $2 ORDER BY id LIMIT $3
), unrelated AS (
  DELETE FROM relation r USING doomed WHERE r.tenant = $1 AND r.generation = $2 AND r.id = doomed.id
), gone AS (
  DELETE FROM document d USING doomed WHERE d.tenant = $1 AND d.generation = $2 AND d.id = doomed.id RETURNING 1
)
SELECT count(*) FROM gone`;

/** Deletes documents of a dropped catalogue, at most `limit`; one row with their number. */
export function sweepDocuments(tenant: string, generation: number, limit: number): SqlStatement {
  return { text: sweepText, parameters: [tenant, generation, limit] };
}

const forgetText = `DELETE FROM catalogue c WHERE c.tenant = $1 AND c.generation = $2 AND c.state = 'dropped'
  AND NOT EXISTS (SELECT FROM document d WHERE d.tenant = $1 AND d.generation = $2)`;

/** Removes a dropped catalogue that has no documents left. */
export function forgetCatalogue(tenant: string, generation: number): SqlStatement {
  return { text: forgetText, parameters: [tenant, generation] };
}
