import { TriptychError } from '../../errors.ts';
import {
  type IndexDefinition,
  type Migration,
  migrations,
  migrationTable,
  servesFromColumn,
} from './migrations.ts';
import { createRoleText, type GroupRole, groupRoles, missingRolesText } from './roles.ts';
import { type SqlClient, type SqlRow, type SqlStatement, textCell } from './sql-client.ts';
import { uniqueViolation } from './sql-errors.ts';

const schemaStateText = `SELECT coalesce(max(version), 0), coalesce(max(coalesce(serves_from, version)), 0)
  FROM schema_migration`;
const recordText = 'INSERT INTO schema_migration (version, name, serves_from) VALUES ($1, $2, $3)';

/** One row, read by `schemaStateOf`, of a database that has the table of steps. */
export const schemaStateStatement: SqlStatement = { text: schemaStateText, parameters: [] };

/** What a database says about its schema. */
export interface SchemaState {
  /** The newest step that it has; 0: none. */
  readonly version: number;
  /** The oldest program, by the newest step that it knows, that may serve it. */
  readonly servesFrom: number;
}

/**
 * Brings the database to the newest schema: each missing step in its own transaction together with its record, so an
 * interruption leaves whole steps only. Processes that start at once may race; the loser of a step goes on behind it.
 * @throws TriptychError data_too_new when a newer version of the program has written the database in a way that this
 * one does not know
 */
export async function migrate(client: SqlClient, steps: readonly Migration[] = migrations): Promise<number> {
  await makeRoles(client);
  await client.run([migrationTable, servesFromColumn].map(plain), 'owner');
  const state = await schemaState(client);
  const newest = newestOf(steps);
  assertServable(state, newest);
  for (const step of steps) if (step.version > state.version) await applyStep(client, step);
  return newest;
}

/** Makes the group roles that are missing, and says which those were. */
export async function makeRoles(client: SqlClient): Promise<readonly GroupRole[]> {
  const [rows] = await client.run([{ text: missingRolesText, parameters: [groupRoles] }], 'owner');
  const missing = groupRoles.filter((role) => rows!.some(([name]) => name === role));
  if (missing.length > 0) await client.run(missing.map(createRoleText).map(plain), 'owner');
  return missing;
}

/** The newest step of a program. */
export function newestOf(steps: readonly Migration[]): number {
  return steps.at(-1)?.version ?? 0;
}

/** The state of a database that has the table of steps. */
export async function schemaState(client: SqlClient): Promise<SchemaState> {
  const [rows] = await client.run([schemaStateStatement], 'owner');
  return schemaStateOf(rows![0]!);
}

/** @throws TriptychError data_too_new */
export function assertServable({ version, servesFrom }: SchemaState, newest: number): void {
  if (servesFrom <= newest) return;
  throw new TriptychError(
    'data_too_new',
    `the stored data has schema ${version}, which programs serve that know schema ${servesFrom} or newer; this one knows schemas up to ${newest}: start a newer version`,
  );
}

/** Applies a step and records it, in one transaction. */
export async function applyStep(client: SqlClient, step: Migration): Promise<void> {
  const texts = step.statements ?? step.indexes.map((index) => createIndexText(index, ''));
  try {
    await client.run(
      [recordStatement(step), ...texts.map((text) => ({ ...plain(text), lengthy: true }))],
      'owner',
    );
  } catch (error) {
    if (sqlStateOf(error) === uniqueViolation && (await schemaState(client)).version >= step.version) return;
    throw error;
  }
}

/** Records a step that has been applied. */
export function recordStatement({ version, name, servesFrom }: Migration): SqlStatement {
  return { text: recordText, parameters: [version, name, servesFrom] };
}

/** @param how `CONCURRENTLY`, which no transaction can have around it, or nothing */
export function createIndexText({ name, unique, on }: IndexDefinition, how: 'CONCURRENTLY' | ''): string {
  return `CREATE ${unique === true ? 'UNIQUE ' : ''}INDEX ${how} IF NOT EXISTS ${name} ON ${on}`;
}

/** A row of `schemaStateStatement`. */
export function schemaStateOf(row: SqlRow): SchemaState {
  return { version: Number(textCell(row, 0)), servesFrom: Number(textCell(row, 1)) };
}

function plain(text: string): SqlStatement {
  return { text, parameters: [] };
}

function sqlStateOf(error: unknown): unknown {
  const cause = error instanceof TriptychError ? error.cause : undefined;
  return cause instanceof Error && 'sqlState' in cause ? cause.sqlState : undefined;
}
