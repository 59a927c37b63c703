import { halfLifeMs, halvingsMax, tiniestAmount } from '../../domain/decaying-sum.ts';
import type { UserState } from '../../domain/user-state.ts';
import { limits } from '../../limits.ts';
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

const mergeStateText = `
UPDATE user_state SET pending = pending - $3, newest_ms = greatest(newest_ms, $4::double precision)
WHERE tenant = $1 AND user_id = $2`;

const mergeTasteText = `
UPDATE user_state AS s SET
  taste = CASE WHEN s.taste_space IS DISTINCT FROM $3 THEN $4::double precision[] ELSE (
    SELECT array_agg(${added('u.old', 's.taste_ref_ms', 'u.new', '$5::double precision')} ORDER BY u.place)
    FROM unnest(s.taste, $4::double precision[]) WITH ORDINALITY AS u(old, new, place)
  ) END,
  taste_ref_ms = CASE WHEN s.taste_space IS DISTINCT FROM $3 THEN $5::double precision
    ELSE greatest(s.taste_ref_ms, $5::double precision) END,
  taste_space = $3
WHERE s.tenant = $1 AND s.user_id = $2`;

const mergeDocumentsText = `
INSERT INTO user_document AS d (tenant, user_id, document, seen, hidden, affinity, affinity_ref_ms, met)
SELECT $1::text, $2::text, i.document, i.seen, i.hidden, i.affinity, i.ref_ms, (SELECT nextval('given_version'))
FROM unnest($3::text[], $4::boolean[], $5::boolean[], $6::double precision[], $7::double precision[])
  AS i(document, seen, hidden, affinity, ref_ms)
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
SELECT $1::text, $2::text, i.facet, i.value, i.rewards, i.evidence, i.ref_ms
FROM unnest($3::text[], $4::text[], $5::double precision[], $6::double precision[], $7::double precision[])
  AS i(facet, value, rewards, evidence, ref_ms)
ON CONFLICT (tenant, user_id, facet, value) DO UPDATE SET
  rewards = ${added('v.rewards', 'v.ref_ms', 'excluded.rewards', 'excluded.ref_ms')},
  evidence = ${added('v.evidence', 'v.ref_ms', 'excluded.evidence', 'excluded.ref_ms')},
  ref_ms = greatest(v.ref_ms, excluded.ref_ms)`;

/** domain/user-learning.ts mergeStates row by row, with what is stored as the first of the two states. */
export function mergeState(
  tenant: string,
  user: string,
  appliedEvents: number,
  delta: UserState,
): SqlStatement[] {
  const statements: SqlStatement[] = [
    { text: mergeStateText, parameters: [tenant, user, appliedEvents, delta.newestMs] },
  ];
  const { taste } = delta;
  if (taste !== null)
    statements.push({
      text: mergeTasteText,
      parameters: [tenant, user, taste.space, [...taste.sum], taste.refMs],
    });
  if (delta.documents.size > 0) statements.push(mergeDocuments(tenant, user, delta.documents));
  const values = [...delta.learned].flatMap(([facet, ofFacet]) =>
    [...ofFacet].map(([value, learned]) => ({ facet, value, ...learned })),
  );
  if (values.length > 0)
    statements.push({
      text: mergeValuesText,
      parameters: [
        tenant,
        user,
        values.map(({ facet }) => facet),
        values.map(({ value }) => value),
        values.map(({ rewards }) => rewards),
        values.map(({ evidence }) => evidence),
        values.map(({ refMs }) => refMs),
      ],
    });
  return statements;
}

function mergeDocuments(tenant: string, user: string, documents: UserState['documents']): SqlStatement {
  const rows = [...documents];
  return {
    text: mergeDocumentsText,
    parameters: [
      tenant,
      user,
      rows.map(([id]) => id),
      rows.map(([, { seen }]) => seen),
      rows.map(([, { hidden }]) => hidden),
      rows.map(([, { affinity }]) => affinity?.sum ?? 0),
      rows.map(([, { affinity }]) => affinity?.refMs ?? 0),
    ],
  };
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
    ORDER BY ${strength} DESC LIMIT $4) v)
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
  policies: 8,
} as const;

const readStateText = headText([]);
const readHeadText = headText(['$5', '$6']);

export function readState(tenant: string, user: string): SqlStatement {
  return {
    text: readStateText,
    parameters: [tenant, user, limits.userDocumentsMax, limits.userValuesMax],
  };
}

/** The state and the policies of two contexts. */
export function readHead(tenant: string, user: string, contexts: readonly [string, string]): SqlStatement {
  return { text: readHeadText, parameters: [...readState(tenant, user).parameters, ...contexts] };
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
