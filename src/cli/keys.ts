import { resolve } from 'node:path';
import { Command } from 'commander';
import { addKey, type KeyEntry, keysOf, makeKey } from '../compose.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { type Runtime, say } from './runtime.ts';

const newHelp = `
Examples:
  triptych keys new --file keys.json --id search-1 --tenant acme --scopes search > key.txt
  triptych keys new --id loader --tenant acme --scopes ingest --expires 2027-01-01 --rate 20
  triptych serve --host 0.0.0.0 --keys-file keys.json

The key is printed once and stored nowhere: the file has its hash. Without --file the entry is printed behind it.
Scopes: search, ingest, learn, admin (everything). To replace a key, add another one, then take out the old one.`;

const listHelp = `
Examples:
  triptych keys list --file keys.json
  triptych keys list --file keys.json --json`;

/** `triptych keys new | list` */
export function keysCommand(runtime: Runtime, done: (code: ExitCode) => void): Command {
  const command = new Command('keys').description('Make API keys and look at those of a keys file.');
  command
    .command('new')
    .description('Make a key; with --file, add it there.')
    .requiredOption('--id <id>', 'name of the key: letters, digits and "-"')
    .requiredOption('--tenant <tenant>', 'whose data the key opens')
    .requiredOption('--scopes <scopes>', 'what it is good for, separated by commas')
    .option('--expires <date>', 'when it ends: 2027-01-01, or a time with its zone')
    .option('--rate <number>', `requests a second (default: ${limits.keyRatePerSecondDefault})`, Number)
    .option(
      '--burst <number>',
      'requests beyond the rate within 10 seconds (default: as many as the rate)',
      Number,
    )
    .option('--file <file>', 'keys file to add it to; made if missing')
    .addHelpText('after', newHelp)
    .action(async (options: NewOptions) => done(await makeNew(runtime, options)));
  command
    .command('list')
    .description('Show the keys of a file, without secrets.')
    .requiredOption('--file <file>', 'keys file')
    .option('--json', 'print them as JSON')
    .addHelpText('after', listHelp)
    .action(async (options: ListOptions) => done(await list(runtime, options)));
  return command;
}

interface NewOptions {
  readonly id: string;
  readonly tenant: string;
  readonly scopes: string;
  readonly expires?: string;
  readonly rate?: number;
  readonly burst?: number;
  readonly file?: string;
}

interface ListOptions {
  readonly file: string;
  readonly json?: boolean;
}

async function makeNew(runtime: Runtime, options: NewOptions): Promise<ExitCode> {
  const { id, tenant, expires = null, rate, burst, file } = options;
  const request = {
    ...{ id, tenant, expires },
    scopes: options.scopes.split(',').map((scope) => scope.trim()),
    ...(rate !== undefined && { rate_per_second: rate }),
    ...(burst !== undefined && { burst }),
  };
  const { secret, entry } = withFlagNames(() => makeKey(request));
  if (file === undefined) {
    runtime.stdout.write(`${secret}\n${JSON.stringify(entry)}\n`);
    say(runtime, 'Keep the key (first line); add the entry (second line) to `keys` in the keys file.');
    return exitCodes.ok;
  }
  await addKey(resolve(runtime.cwd, file), entry);
  runtime.stdout.write(`${secret}\n`);
  say(runtime, `Added to ${file}. Keep the key: it is not shown again.`);
  return exitCodes.ok;
}

/** Flags by member of an entry, where they are not called the same. */
const flags: Readonly<Record<string, string>> = { rate_per_second: '--rate' };

function withFlagNames<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof TriptychError)) throw error;
    const fields = error.fields.map(({ path, message }) => ({ path: flags[path] ?? `--${path}`, message }));
    throw new TriptychError(error.code, error.message, { fields });
  }
}

async function list(runtime: Runtime, { file, json }: ListOptions): Promise<ExitCode> {
  const entries = await keysOf(resolve(runtime.cwd, file));
  if (json) {
    runtime.stdout.write(`${JSON.stringify(entries.map(({ sha256, ...shown }) => shown))}\n`);
    return exitCodes.ok;
  }
  const rows = [['id', 'tenant', 'scopes', 'expires', 'rate'], ...entries.map(rowOf)];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows)
    runtime.stdout.write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd()}\n`,
    );
  return exitCodes.ok;
}

function rowOf(entry: KeyEntry): string[] {
  const { id, tenant, scopes, expires, rate_per_second: rate = limits.keyRatePerSecondDefault } = entry;
  const ended = expires != null && Date.parse(expires) <= Date.now();
  return [id, tenant, scopes.join(','), `${expires ?? 'never'}${ended ? ' (ended)' : ''}`, `${rate}/s`];
}
