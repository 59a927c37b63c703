import { TriptychError } from '../../errors.ts';
import { assertServable, newestOf, schemaStateOf } from '../sql/migrate.ts';
import { migrations } from '../sql/migrations.ts';
import { appRole, ownerRole, workerRole } from '../sql/roles.ts';
import { type SqlRow, type SqlStatement, textCell } from '../sql/sql-client.ts';

/** Who connects for what. */
export interface ServingRole {
  /** The setting that names the user. */
  readonly setting: string;
  readonly role: typeof appRole | typeof workerRole;
}

export const servingRole: ServingRole = { setting: 'postgres_url', role: appRole };
export const workingRole: ServingRole = { setting: 'postgres_worker_url', role: workerRole };

const memberOf = (role: string): string =>
  `coalesce((SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = '${role}'), false)`;

const lookText = `SELECT current_user, rolsuper, rolbypassrls,
  ${[ownerRole, appRole, workerRole].map(memberOf).join(', ')},
  EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('document') AND pg_has_role(current_user, relowner, 'MEMBER')),
  coalesce((SELECT string_agg(c.relname, ', ' ORDER BY c.relname) FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant'
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace
      AND NOT (c.relrowsecurity AND c.relforcerowsecurity)), ''),
  current_setting('server_encoding'), pg_is_in_recovery(), to_regclass('schema_migration') IS NOT NULL
FROM pg_roles WHERE rolname = current_user`;

const columns = {
  user: 0,
  superuser: 1,
  bypassesRls: 2,
  ownerMember: 3,
  appMember: 4,
  workerMember: 5,
  ownsTables: 6,
  openTables: 7,
  encoding: 8,
  standby: 9,
  migrated: 10,
} as const;

/** What is asked before anything else is. */
export const lookStatement: SqlStatement = { text: lookText, parameters: [] };

/**
 * Refuses a user whom row-level security does not bind, or who may not do its work, and a database without a schema.
 * @throws TriptychError invalid_settings | data_too_old
 */
export function assertRole(row: SqlRow, { setting, role }: ServingRole): void {
  const is = (column: number): boolean => row[column] === 't';
  const user = textCell(row, columns.user);
  const refuse = (problem: string, remedy: string): never => {
    throw new TriptychError('invalid_settings', `the user "${user}" of ${setting} ${problem}: ${remedy}`);
  };
  const other = `use a login that is a member of ${role} alone`;
  if (is(columns.superuser)) refuse('is a superuser, who sees the rows of every tenant', other);
  if (is(columns.bypassesRls)) refuse('has BYPASSRLS and sees the rows of every tenant', other);
  if (is(columns.ownerMember)) refuse(`is a member of ${ownerRole}, which may change the tables`, other);
  if (is(columns.ownsTables)) refuse('owns the tables', other);
  if (role === appRole && is(columns.workerMember))
    refuse(`is a member of ${workerRole}, which sees the rows of every tenant`, other);
  if (!is(columns.migrated)) throw tooOld('no schema yet');
  if (!is(role === appRole ? columns.appMember : columns.workerMember))
    refuse(`is no member of ${role}`, `GRANT ${role} TO "${user}"`);
}

/**
 * Refuses a database that does not keep tenants apart, cannot hold every text, or takes no writes.
 * @throws TriptychError invalid_settings | unavailable
 */
export function assertDatabase(row: SqlRow): void {
  const openTables = textCell(row, columns.openTables);
  if (openTables !== '')
    throw new TriptychError(
      'invalid_settings',
      `row-level security is not forced on ${openTables}: ALTER TABLE ... ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`,
    );
  const encoding = textCell(row, columns.encoding);
  if (encoding !== 'UTF8')
    throw new TriptychError('invalid_settings', `the database has the encoding ${encoding}, it needs UTF8`);
  if (row[columns.standby] === 't')
    throw new TriptychError('unavailable', 'the document store is a standby, which takes no writes');
}

/** @throws TriptychError data_too_new | data_too_old */
export function assertSchema(row: SqlRow): void {
  const state = schemaStateOf(row);
  const newest = newestOf(migrations);
  if (state.version < newest) throw tooOld(`schema ${state.version}`);
  assertServable(state, newest);
}

/** @param has what is there */
export function tooOld(has: string): TriptychError {
  return new TriptychError(
    'data_too_old',
    `the database has ${has}, this program needs schema ${newestOf(migrations)}: run \`triptych db migrate\``,
  );
}
