import { resolve } from 'node:path';
import { Command } from 'commander';
import { checkBackup, restoreDataDir } from '../compose.ts';
import type { Config, SettingName } from '../config/schema.ts';
import { copyWatch, printCopy, refusePostgres } from './backup.ts';
import type { ExitCode } from './exit-codes.ts';
import { longStep } from './long-step.ts';
import { type Runtime, say } from './runtime.ts';
import { addSettingFlags, configOf } from './settings-flags.ts';

const usedSettings: readonly SettingName[] = ['dataDir'];

const help = `
Examples:
  triptych restore backups/monday
  triptych restore backups/monday --data-dir films --force
  triptych restore backups/monday --check

Every file is compared with the checksum that the backup has of it, before anything of the data folder is replaced.
What is outside the data folder is as it was: run \`triptych rebuild\` where the settings name Milvus or Neo4j, and empty
Redis where they name it, whose lists may be of documents that have been undone.
Exit codes: 0 done, 1 failed (also: damaged, or the data folder is in use), 2 wrong usage, or there is a database
and no --force; 130 interrupted.`;

interface RestoreOptions {
  readonly force?: boolean;
  readonly check?: boolean;
  readonly json?: boolean;
}

/** `triptych restore FOLDER` */
export function restoreCommand(runtime: Runtime, done: (code: ExitCode) => void): Command {
  const command = new Command('restore')
    .description('Put a backup into a data folder, or check it.')
    .argument('<folder>', 'what `triptych backup` made')
    .option('--force', 'replace the database that is there')
    .option('--check', 'only compare the backup with its checksums')
    .option('--json', 'print what was done as JSON')
    .addHelpText('after', help);
  addSettingFlags(command, usedSettings);
  command.action(async (folder: string, options: RestoreOptions & Record<string, unknown>) => {
    const source = resolve(runtime.cwd, folder);
    const config = configOf(runtime, options, usedSettings);
    const { dataDir } = config;
    if (!options.check) refusePostgres(config, 'a backup of a data folder cannot go there');
    const code = await longStep(runtime, options.check ? 'check' : 'restore', 1, async (watch) => {
      if (options.check) {
        const report = await checkBackup(source, copyWatch(watch));
        printCopy(runtime, options, { checked: source }, `${source} is whole`, report);
        return;
      }
      const request = { source, dataDir, force: options.force === true };
      const report = await restoreDataDir(request, copyWatch(watch));
      printCopy(runtime, options, { restored: dataDir }, `Restored ${dataDir}`, report);
      for (const line of afterwards(config)) say(runtime, line);
    });
    done(code);
  });
  return command;
}

/** What is to be done about the stores that know of what was undone. */
function afterwards({ stores }: Config): string[] {
  const { milvus, neo4j, redis } = stores;
  const followers = [...(milvus === null ? [] : ['Milvus']), ...(neo4j === null ? [] : ['Neo4j'])];
  return [
    ...(followers.length === 0
      ? []
      : [`${followers.join(' and ')}: run \`triptych rebuild\` before the next start.`]),
    ...(redis === null
      ? []
      : [
          'Redis: empty it before the next start. Versions of documents begin again, and lists are kept by them.',
        ]),
  ];
}
