import { TriptychError } from '../../errors.ts';
import { type Migration, migrations, migrationTable } from './migrations.ts';
import { type SqlClient, textCell } from './sql-client.ts';
import { uniqueViolation } from './sql-errors.ts';

const present = 'SELECT coalesce(max(version), 0) FROM schema_migration';
const record = 'INSERT INTO schema_migration (version, name) VALUES ($1, $2)';

/**
 * Brings the database to the newest schema: each missing step in its own transaction together with its record, so an
 * interruption leaves whole steps only. Processes that start at once may race; the loser of a step goes on behind it.
 * @throws TriptychError data_too_new when a newer version of the program has written the database
 */
export async function migrate(client: SqlClient, steps: readonly Migration[] = migrations): Promise<number> {
  const newest = steps.at(-1)?.version ?? 0;
  const version = await versionOf(client);
  if (version > newest)
    throw new TriptychError(
      'data_too_new',
      `the stored data has schema ${version}, this program knows schemas up to ${newest}: start a newer version`,
    );
  for (const step of steps) if (step.version > version) await apply(client, step);
  return newest;
}

async function versionOf(client: SqlClient): Promise<number> {
  const results = await client.run([
    { text: migrationTable, parameters: [] },
    { text: present, parameters: [] },
  ]);
  return Number(textCell(results[1]![0]!, 0));
}

async function apply(client: SqlClient, step: Migration): Promise<void> {
  try {
    await client.run([
      { text: record, parameters: [step.version, step.name] },
      ...step.statements.map((text) => ({ text, parameters: [], lengthy: true })),
    ]);
  } catch (error) {
    if (sqlStateOf(error) === uniqueViolation && (await versionOf(client)) >= step.version) return;
    throw error;
  }
}

function sqlStateOf(error: unknown): unknown {
  const cause = error instanceof TriptychError ? error.cause : undefined;
  return cause instanceof Error && 'sqlState' in cause ? cause.sqlState : undefined;
}
