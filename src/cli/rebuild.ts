import { Command } from 'commander';
import { defaultTenant, keysOf, type Rebuilt, rebuildIndexes } from '../compose.ts';
import { type Config, type SettingName, settingNames } from '../config/schema.ts';
import { type SharedIndexName, sharedIndexNames } from '../ports/shared-index.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { longStep } from './long-step.ts';
import { chosen } from './query-flags.ts';
import { checkedTenant } from './reach-server.ts';
import type { Runtime } from './runtime.ts';
import { addSettingFlags, configOf } from './settings-flags.ts';

/** Those of the stores. */
const usedSettings: readonly SettingName[] = settingNames.filter(
  (name) =>
    ['dataDir', 'keysFile', 'logLevel'].includes(name) ||
    (/^(postgres|milvus|neo4j)/.test(name) && !name.startsWith('postgresOwner')),
);

const help = `
Examples:
  triptych rebuild
  triptych rebuild --index milvus
  triptych rebuild --index neo4j --index words --tenant acme --no-wait

Milvus, Neo4j and the words in Postgres follow the documents. This throws away what they have of the live catalogues
and has them take every document again: after the truth was restored to an earlier time, or where they were damaged.
With Postgres searches and services go on meanwhile and miss what is not there yet; lists that were shortened in its
first moment may be kept for as long as lists are. --no-wait leaves the work to the services. A data folder must be in
use by nobody. What is in memory (all of it, unless the settings name such stores) is built at every start.
Exit codes: 0 done, 1 failed, or some documents are refused; 2 wrong settings, 130 interrupted: it goes on where a
service runs.`;

interface RebuildOptions {
  readonly index?: readonly SharedIndexName[];
  readonly tenant?: readonly string[];
  readonly wait: boolean;
  readonly json?: boolean;
}

/** `triptych rebuild` */
export function rebuildCommand(runtime: Runtime, done: (code: ExitCode) => void): Command {
  const command = new Command('rebuild')
    .description('Throw away what follows the documents in other stores, and make it anew.')
    .option(
      '--index <name>',
      `${sharedIndexNames.join(', ')}: which (default: all of the settings); may be repeated`,
      chosen('--index', sharedIndexNames),
    )
    .option('--tenant <tenant>', 'whose (default: all of the keys file); may be repeated', tenants)
    .option('--no-wait', 'only say what is to be done; a running service does it')
    .option('--json', 'print what was done as JSON')
    .addHelpText('after', help);
  addSettingFlags(command, usedSettings);
  command.action(async (options: RebuildOptions & Record<string, unknown>) => {
    const config = configOf(runtime, options, usedSettings);
    done(await rebuild(runtime, config, options));
  });
  return command;
}

function tenants(value: string, before: readonly string[] = []): string[] {
  return [...before, checkedTenant(value)];
}

async function rebuild(runtime: Runtime, config: Config, options: RebuildOptions): Promise<ExitCode> {
  const { index: indexes = null, wait: waits, json } = options;
  const request = { indexes, tenants: options.tenant ?? (await tenantsOf(config)), waits };
  let rebuilt: readonly Rebuilt[] = [];
  const code = await longStep(runtime, 'rebuild', null, async ({ progress, signal }) => {
    rebuilt = await rebuildIndexes(config, request, {
      onPending: (index, pending) => progress.update(0, `${index}: ${pending.toLocaleString('en')} to go`),
      signal,
    });
  });
  const text = json ? JSON.stringify({ rebuilt }) : linesOf(rebuilt).join('\n');
  runtime.stdout.write(`${text}\n`);
  return code === exitCodes.ok && rebuilt.some(({ parked }) => parked > 0) ? exitCodes.failure : code;
}

async function tenantsOf({ keysFile }: Config): Promise<readonly string[]> {
  if (keysFile === null) return [defaultTenant];
  return [...new Set((await keysOf(keysFile)).map(({ tenant }) => tenant))];
}

function linesOf(rebuilt: readonly Rebuilt[]): string[] {
  if (rebuilt.length === 0)
    return ['Nothing to rebuild: no store of the settings follows documents, or there is no catalogue.'];
  return rebuilt.map(({ index, tenant, documents, parked, done }) => {
    const state = done ? 'done' : 'to be done';
    const refused = parked === 0 ? '' : `, ${parked.toLocaleString('en')} are refused for good`;
    return `${index}, ${tenant}: ${documents.toLocaleString('en')} documents, ${state}${refused}`;
  });
}
