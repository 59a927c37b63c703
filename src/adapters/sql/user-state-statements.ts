import { halfLifeMs, halvingsMax, tiniestAmount } from '../../domain/decaying-sum.ts';
import { limits } from '../../limits.ts';
import type { EventDelta } from '../../ports/event-log.ts';
import type { SqlStatement } from './sql-client.ts';

/** domain/decaying-sum.ts decayedTo in SQL; the arguments are SQL. */
function decayedTo(toMs: string, amount: string, fromMs: string): string {
  return `CASE WHEN ${toMs} <= ${fromMs} THEN ${amount}
    WHEN ${toMs} - ${fromMs} > ${halvingsMax * halfLifeMs} OR abs(${amount}) < ${tiniestAmount} THEN 0
    ELSE ${amount} * power(2::double precision, (${fromMs} - ${toMs}) / ${halfLifeMs}) END`;
}

/** The sum of two decaying amounts at the newer of their times. */
function added(a: string, aMs: string, b: string, bMs: string): string {
  const newest = `greatest(${aMs}, ${bMs})`;
  return `(${decayedTo(newest, a, aMs)}) + (${decayedTo(newest, b, bMs)})`;
}

// json carries what may be null, and arrays of arrays of any length.
const mergeStateText = `
UPDATE user_state AS s SET pending = s.pending - g.events, newest_ms = greatest(s.newest_ms, g.newest_ms)
FROM json_to_recordset($1::json) AS g(tenant text, user_id text, events integer, newest_ms double precision)
WHERE s.tenant = g.tenant AND s.user_id = g.user_id`;

const mergeTasteText = `
UPDATE user_state AS s SET
  taste = CASE WHEN s.taste_space IS DISTINCT FROM g.space THEN g.taste ELSE (
    SELECT array_agg(${added('u.old', 's.taste_ref_ms', 'u.new', 'g.ref_ms')} ORDER BY u.place)
    FROM unnest(s.taste, g.taste) WITH ORDINALITY AS u(old, new, place)
  ) END,
  taste_ref_ms = CASE WHEN s.taste_space IS DISTINCT FROM g.space THEN g.ref_ms
    ELSE greatest(s.taste_ref_ms, g.ref_ms) END,
  taste_space = g.space
FROM json_to_recordset($1::json)
  AS g(tenant text, user_id text, space text, taste double precision[], ref_ms double precision)
WHERE s.tenant = g.tenant AND s.user_id = g.user_id`;

const mergeDocumentsText = `
INSERT INTO user_document AS d (tenant, user_id, document, seen, hidden, affinity, affinity_ref_ms, met)
SELECT i.tenant, i.user_id, i.document, i.seen, i.hidden, i.affinity, i.ref_ms, (SELECT nextval('given_version'))
FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::boolean[], $6::double precision[],
  $7::double precision[]) AS i(tenant, user_id, document, seen, hidden, affinity, ref_ms)
ON CONFLICT (tenant, user_id, document) DO UPDATE SET
  seen = d.seen OR excluded.seen, hidden = d.hidden OR excluded.hidden,
  affinity = CASE WHEN excluded.affinity = 0 THEN d.affinity WHEN d.affinity = 0 THEN excluded.affinity
    ELSE ${added('d.affinity', 'd.affinity_ref_ms', 'excluded.affinity', 'excluded.affinity_ref_ms')} END,
  affinity_ref_ms = CASE WHEN excluded.affinity = 0 THEN d.affinity_ref_ms
    WHEN d.affinity = 0 THEN excluded.affinity_ref_ms
    ELSE greatest(d.affinity_ref_ms, excluded.affinity_ref_ms) END,
  met = excluded.met`;

const mergeValuesText = `
INSERT INTO user_value AS v (tenant, user_id, facet, value, rewards, evidence, ref_ms)
SELECT i.tenant, i.user_id, i.facet, i.value, i.rewards, i.evidence, i.ref_ms
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::double precision[], $6::double precision[],
  $7::double precision[]) AS i(tenant, user_id, facet, value, rewards, evidence, ref_ms)
ON CONFLICT (tenant, user_id, facet, value) DO UPDATE SET
  rewards = ${added('v.rewards', 'v.ref_ms', 'excluded.rewards', 'excluded.ref_ms')},
  evidence = ${added('v.evidence', 'v.ref_ms', 'excluded.evidence', 'excluded.ref_ms')},
  ref_ms = greatest(v.ref_ms, excluded.ref_ms)`;

/**
 * domain/user-learning.ts mergeStates row by row, with what is stored as the first of the two states, for distinct
 * users: as many statements for many as for one.
 */
export function mergeStates(deltas: readonly EventDelta[]): SqlStatement[] {
  const states = deltas.map(({ tenant, user, eventIds, delta }) => ({
    tenant,
    user_id: user,
    events: eventIds.length,
    newest_ms: delta.newestMs,
  }));
  const tastes = deltas.flatMap(({ tenant, user, delta: { taste } }) =>
    taste === null
      ? []
      : [{ tenant, user_id: user, space: taste.space, taste: [...taste.sum], ref_ms: taste.refMs }],
  );
  const statements: SqlStatement[] = [{ text: mergeStateText, parameters: [JSON.stringify(states)] }];
  if (tastes.length > 0) statements.push({ text: mergeTasteText, parameters: [JSON.stringify(tastes)] });
  return [...statements, ...mergeDocuments(deltas), ...mergeValues(deltas)];
}

function mergeDocuments(deltas: readonly EventDelta[]): SqlStatement[] {
  const rows = deltas.flatMap(({ tenant, user, delta }) =>
    [...delta.documents].map(([id, facts]) => ({ tenant, user, id, ...facts })),
  );
  if (rows.length === 0) return [];
  const parameters = [
    rows.map(({ tenant }) => tenant),
    rows.map(({ user }) => user),
    rows.map(({ id }) => id),
    rows.map(({ seen }) => seen),
    rows.map(({ hidden }) => hidden),
    rows.map(({ affinity }) => affinity?.sum ?? 0),
    rows.map(({ affinity }) => affinity?.refMs ?? 0),
  ];
  return [{ text: mergeDocumentsText, parameters }];
}

function mergeValues(deltas: readonly EventDelta[]): SqlStatement[] {
  const rows = deltas.flatMap(({ tenant, user, delta }) =>
    [...delta.learned].flatMap(([facet, ofFacet]) =>
      [...ofFacet].map(([value, learned]) => ({ tenant, user, facet, value, ...learned })),
    ),
  );
  if (rows.length === 0) return [];
  const parameters = [
    rows.map(({ tenant }) => tenant),
    rows.map(({ user }) => user),
    rows.map(({ facet }) => facet),
    rows.map(({ value }) => value),
    rows.map(({ rewards }) => rewards),
    rows.map(({ evidence }) => evidence),
    rows.map(({ refMs }) => refMs),
  ];
  return [{ text: mergeValuesText, parameters }];
}

// Logarithms of amounts at a common time: they order as the amounts themselves, whatever that time is.
const strength = `ln(greatest(v.evidence, ${tiniestAmount})) / ln(2::double precision) + v.ref_ms / ${halfLifeMs}`;

const policyOf = (context: string): string => `(SELECT json_build_array(p.version, p.body) FROM user_policy p
    WHERE p.tenant = $1 AND p.user_id = $2 AND p.context = ${context})`;

/** One statement, so that everything in it is of one moment. */
const headText = (contexts: readonly string[]): string => `
SELECT s.version, s.pending, s.newest_ms, s.taste_space, array_to_json(s.taste), s.taste_ref_ms,
  (SELECT json_agg(json_build_array(d.document, d.seen, d.hidden, d.affinity, d.affinity_ref_ms)) FROM (
    SELECT * FROM user_document d WHERE d.tenant = $1 AND d.user_id = $2
    ORDER BY d.hidden DESC, d.met DESC LIMIT $3) d),
  (SELECT json_agg(json_build_array(v.facet, v.value, v.rewards, v.evidence, v.ref_ms)) FROM (
    SELECT * FROM user_value v WHERE v.tenant = $1 AND v.user_id = $2
    ORDER BY ${strength} DESC LIMIT $4) v),
  (SELECT json_agg(json_build_array(e.document, e.type, e.value, e.at_ms) ORDER BY e.arrival) FROM (
    SELECT * FROM event e WHERE e.tenant = $1 AND e.user_id = $2 AND NOT e.applied
    ORDER BY e.arrival DESC LIMIT $5) e)
  ${contexts.map((context) => `, ${policyOf(context)}`).join('')}
FROM (SELECT 1) one LEFT JOIN user_state s ON s.tenant = $1 AND s.user_id = $2`;

/** Columns of the one row that `readState` and `readHead` give. */
export const headColumns = {
  version: 0,
  pending: 1,
  newestMs: 2,
  tasteSpace: 3,
  taste: 4,
  tasteRefMs: 5,
  documents: 6,
  values: 7,
  pendingEvents: 8,
  policies: 9,
} as const;

const readStateText = headText([]);
const readHeadText = headText(['$6', '$7']);

export function readState(tenant: string, user: string): SqlStatement {
  return {
    text: readStateText,
    prepared: true,
    parameters: [tenant, user, limits.userDocumentsMax, limits.userValuesMax, limits.headPendingEventsMax],
  };
}

/** The state and the policies of two contexts. */
export function readHead(tenant: string, user: string, contexts: readonly [string, string]): SqlStatement {
  const { parameters } = readState(tenant, user);
  return { text: readHeadText, parameters: [...parameters, ...contexts], prepared: true };
}

const eraseTables = ['event', 'user_document', 'user_value', 'user_policy'];

/** Deletes all of a user; one row (how many rows) each. The state goes first: its row is the lock of the others. */
export function eraseUser(tenant: string, user: string): SqlStatement[] {
  return ['user_state', ...eraseTables].map((table) => ({
    text: `WITH gone AS (DELETE FROM ${table} WHERE tenant = $1 AND user_id = $2 RETURNING 1)
      SELECT count(*) FROM gone`,
    parameters: [tenant, user],
    lengthy: true,
  }));
}
