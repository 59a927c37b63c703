import { Command } from 'commander';
import { type MigrationReport, migrateDatabase } from '../compose.ts';
import type { SettingName } from '../config/schema.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import type { Runtime } from './runtime.ts';
import { addSettingFlags, configOf } from './settings-flags.ts';

const usedSettings: readonly SettingName[] = ['postgresOwnerUrl', 'postgresOwnerUrlFile', 'postgresCaFile'];

const help = `
Examples:
  TRIPTYCH_POSTGRES_OWNER_URL=postgres://triptych_migrate:...@db/triptych triptych db migrate
  triptych db migrate --postgres-owner-url-file /run/secrets/owner-url
  triptych db migrate --dry-run
  triptych db migrate --json

Makes the roles triptych_owner, triptych_app and triptych_worker where they are missing and the login may, and the
tables. Run it before the first start and before starting a new version; running programs of the version before go on.
One at a time: another one is waited for up to a minute. Where there is nothing to do it does nothing.
Exit codes: 0 the schema is up to date (with --dry-run: looked at), 1 failed, 2 wrong settings or rights.`;

/** `triptych db migrate` */
export function dbCommand(runtime: Runtime, done: (code: ExitCode) => void): Command {
  const command = new Command('db').description('Look after the Postgres that holds the truth.');
  const migrate = command
    .command('migrate')
    .description('Bring the schema of the database up to date.')
    .option('--dry-run', 'say what would be done, and change nothing')
    .option('--json', 'print what was done as JSON')
    .addHelpText('after', help);
  addSettingFlags(migrate, usedSettings);
  migrate.action(async (options: Record<string, unknown>) => {
    const config = configOf(runtime, options, usedSettings);
    const report = await migrateDatabase(config, { dryRun: options.dryRun === true });
    const text = options.json === true ? JSON.stringify(toWire(report)) : linesOf(report).join('\n');
    runtime.stdout.write(`${text}\n`);
    done(exitCodes.ok);
  });
  return command;
}

function toWire({ dryRun, rights, from, to, steps }: MigrationReport): object {
  return {
    dry_run: dryRun,
    ...{ rights, from, to },
    steps: steps.map(({ version, name, kind, servesFrom }) => ({
      ...{ version, name, kind },
      serves_from: servesFrom,
    })),
  };
}

function linesOf({ dryRun, rights, from, to, steps }: MigrationReport): string[] {
  const prepared = rights.map((statement) => `${dryRun ? 'would run' : 'ran'}: ${statement}`);
  if (steps.length === 0) return [...prepared, `schema ${to} is up to date`];
  const done = dryRun ? 'would apply' : 'applied';
  return [
    ...prepared,
    ...steps.map(
      ({ version, name, kind, servesFrom }) =>
        `${done}: ${version} ${name} (${kind}; programs that know schema ${servesFrom} or newer may serve it)`,
    ),
    dryRun ? `schema ${from} would become ${to}` : `schema ${from} became ${to}`,
  ];
}
