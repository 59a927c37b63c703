import type { ExpectedVersion } from '../../ports/policy-store.ts';
import type { SqlParameter, SqlStatement } from './sql-client.ts';

/** A table of versioned bodies and the columns of its key. */
interface VersionedTable {
  readonly name: string;
  readonly keys: readonly string[];
}

const userPolicy: VersionedTable = { name: 'user_policy', keys: ['tenant', 'user_id', 'context'] };
const tenantRules: VersionedTable = { name: 'tenant_rules', keys: ['tenant'] };

const where = (keys: readonly string[]): string => keys.map((key, i) => `${key} = $${i + 1}`).join(' AND ');

// The version is drawn where the row is locked, so that it grows with every write of the row.
function putText({ name, keys }: VersionedTable, expected: ExpectedVersion): string {
  const [body, version] = [`$${keys.length + 1}::json`, `$${keys.length + 2}`];
  const set = `version = nextval('given_version'), body = ${body}`;
  if (typeof expected === 'number' && expected > 0)
    return `UPDATE ${name} SET ${set} WHERE ${where(keys)} AND version = ${version} RETURNING version`;
  const values = keys.map((_, i) => `$${i + 1}`).join(', ');
  return `INSERT INTO ${name} (${keys.join(', ')}, version, body)
    VALUES (${values}, nextval('given_version'), ${body})
    ON CONFLICT (${keys.join(', ')}) DO ${expected === undefined ? `UPDATE SET ${set}` : 'NOTHING'} RETURNING version`;
}

/** Writes a body, and tells the version it gave (no row: another one is there); then the version that is there. */
function put(
  table: VersionedTable,
  key: readonly string[],
  body: string,
  expected: ExpectedVersion,
): SqlStatement[] {
  const parameters: SqlParameter[] = [...key, body];
  if (typeof expected === 'number' && expected > 0) parameters.push(expected);
  return [{ text: putText(table, expected), parameters }, presentVersion(table, key)];
}

function presentVersion({ name, keys }: VersionedTable, key: readonly string[]): SqlStatement {
  return { text: `SELECT version FROM ${name} WHERE ${where(keys)}`, parameters: key };
}

export type PolicyKey = readonly [tenant: string, user: string, context: string];

export function putUserPolicy(key: PolicyKey, body: string, expected: ExpectedVersion): SqlStatement[] {
  return put(userPolicy, key, body, expected);
}

export function putTenantRules(tenant: string, body: string, expected: ExpectedVersion): SqlStatement[] {
  return put(tenantRules, [tenant], body, expected);
}

/** Deletes (one row where it did), then tells the version that is still there. */
export function deleteUserPolicy(key: PolicyKey, expected: ExpectedVersion): SqlStatement[] {
  const text = `DELETE FROM user_policy WHERE ${where(userPolicy.keys)}`;
  const deletion =
    expected === undefined
      ? { text: `${text} RETURNING 1`, parameters: key }
      : // No row has version 0: where nothing may be stored nothing is deleted.
        { text: `${text} AND version = $4 RETURNING 1`, parameters: [...key, expected ?? 0] };
  return [deletion, presentVersion(userPolicy, key)];
}

/** Row (version, body). */
export function getUserPolicy(key: PolicyKey): SqlStatement {
  return { text: `SELECT version, body FROM user_policy WHERE ${where(userPolicy.keys)}`, parameters: key };
}

/** Row (version, body). */
export function getTenantRules(tenant: string): SqlStatement {
  return {
    text: 'SELECT version, body FROM tenant_rules WHERE tenant = $1',
    parameters: [tenant],
    prepared: true,
  };
}

const listText = `SELECT context, version, body FROM user_policy
  WHERE tenant = $1 AND user_id = $2 ORDER BY context`;

/** Rows (context, version, body). */
export function userPolicies(tenant: string, user: string): SqlStatement {
  return { text: listText, parameters: [tenant, user] };
}
