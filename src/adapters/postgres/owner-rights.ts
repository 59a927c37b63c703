import { TriptychError } from '../../errors.ts';
import {
  appRole,
  createRoleText,
  groupRoles,
  missingRolesText,
  ownerRole,
  workerRole,
} from '../sql/roles.ts';
import { textCell } from '../sql/sql-client.ts';
import type { OwnerSession } from './owner-session.ts';
import { insufficientPrivilege, sqlStateOf } from './pg-errors.ts';

const lacksText = `SELECT current_user, current_schema(),
  (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
    OR coalesce((SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = '${ownerRole}'), false),
  coalesce((SELECT has_schema_privilege(oid, current_schema(), 'CREATE') FROM pg_roles WHERE rolname = '${ownerRole}'),
    false),
  coalesce((SELECT bool_and(has_schema_privilege(oid, current_schema(), 'USAGE')) FROM pg_roles
    WHERE rolname IN ('${appRole}', '${workerRole}') HAVING count(*) = 2), false)`;

/** Statements that give the group roles what they need, and that are not done yet. */
export async function missingRights(session: OwnerSession): Promise<string[]> {
  const [roles, lacks] = await session.run([
    { text: missingRolesText, parameters: [groupRoles] },
    { text: lacksText, parameters: [] },
  ]);
  const missing = groupRoles.filter((role) => roles!.some(([name]) => name === role));
  const row = lacks![0]!;
  const [user, schema] = [quoted(textCell(row, 0)), quoted(textCell(row, 1))];
  return [
    ...missing.map((role) => `CREATE ROLE ${role} NOLOGIN NOSUPERUSER NOBYPASSRLS`),
    ...(row[2] === 't' ? [] : [`GRANT ${ownerRole} TO ${user}`]),
    ...(row[3] === 't' ? [] : [`GRANT USAGE, CREATE ON SCHEMA ${schema} TO ${ownerRole}`]),
    ...(row[4] === 't' ? [] : [`GRANT USAGE ON SCHEMA ${schema} TO ${appRole}, ${workerRole}`]),
  ];
}

/** Does them. @throws TriptychError invalid_settings with what an administrator has to run, where this login may not */
export async function grantRights(session: OwnerSession, statements: readonly string[]): Promise<void> {
  for (const [i, text] of statements.entries())
    try {
      const role = groupRoles.find((name) => text.startsWith(`CREATE ROLE ${name} `));
      await session.run([{ text: role === undefined ? text : createRoleText(role), parameters: [] }]);
    } catch (error) {
      if (sqlStateOf(error) !== insufficientPrivilege) throw error;
      const left = statements.slice(i).map((statement) => `${statement};`);
      throw new TriptychError(
        'invalid_settings',
        `the login of postgres_owner_url may not prepare the database; let an administrator run in it: ${left.join(' ')}`,
        { cause: error },
      );
    }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
