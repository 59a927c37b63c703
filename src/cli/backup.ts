import { resolve } from 'node:path';
import { Command } from 'commander';
import { backupDataDir, type CopyReport, version } from '../compose.ts';
import type { Config, SettingName } from '../config/schema.ts';
import { TriptychError } from '../errors.ts';
import type { ExitCode } from './exit-codes.ts';
import { longStep, type StepWatch } from './long-step.ts';
import type { Runtime } from './runtime.ts';
import { addSettingFlags, configOf } from './settings-flags.ts';

const usedSettings: readonly SettingName[] = ['dataDir'];

const help = `
Examples:
  triptych backup backups/monday
  triptych backup /mnt/backups/films --data-dir films --json
  triptych backup latest --force

Copies the database of the data folder, which nobody may be using, into a new folder with a checksum of every file:
stop the server first. \`triptych restore\` puts it back. A Postgres is saved with pg_dump instead; what follows the
truth (Milvus, Neo4j, words) is not part of a backup, \`triptych rebuild\` makes it anew.
Exit codes: 0 done, 1 failed (also: the data folder is in use), 2 wrong usage, 130 interrupted.`;

interface BackupOptions {
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `triptych backup FOLDER` */
export function backupCommand(runtime: Runtime, done: (code: ExitCode) => void): Command {
  const command = new Command('backup')
    .description('Copy the data folder, with checksums.')
    .argument('<folder>', 'where the backup goes; made by this')
    .option('--force', 'replace a backup that is there already')
    .option('--json', 'print what was done as JSON')
    .addHelpText('after', help);
  addSettingFlags(command, usedSettings);
  command.action(async (folder: string, options: BackupOptions & Record<string, unknown>) => {
    const config = configOf(runtime, options, usedSettings);
    refusePostgres(config, 'save it with pg_dump');
    const target = resolve(runtime.cwd, folder);
    const request = { dataDir: config.dataDir, target, force: options.force === true, version };
    const code = await longStep(runtime, 'backup', 1, async (watch) => {
      const report = await backupDataDir(request, copyWatch(watch));
      printCopy(runtime, options, { backup: target }, `Saved ${config.dataDir} in ${target}`, report);
    });
    done(code);
  });
  return command;
}

/** @throws TriptychError invalid_settings where the truth is not in the data folder */
export function refusePostgres({ stores }: Config, advice: string): void {
  if (stores.postgres === null) return;
  const message = `the documents are in Postgres, not in a data folder: ${advice}`;
  throw new TriptychError('invalid_settings', message, { fields: [{ path: 'postgres_url', message }] });
}

/** Shows bytes as they are copied. */
export function copyWatch({ progress, signal }: StepWatch) {
  return {
    onBytes: (done: number, total: number) =>
      progress.update(done / Math.max(1, total), `${megabytes(done)} of ${megabytes(total)} MB`),
    signal,
  };
}

/** @param said what was done, in words */
export function printCopy(
  { stdout }: Runtime,
  { json }: { readonly json?: boolean },
  names: Readonly<Record<string, string>>,
  said: string,
  { files, bytes }: CopyReport,
): void {
  const text = json
    ? JSON.stringify({ ...names, files, bytes })
    : `${said}: ${files.toLocaleString('en')} files, ${megabytes(bytes)} MB.`;
  stdout.write(`${text}\n`);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
