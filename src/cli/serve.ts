import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { type ComposedTriptych, defaultTenant } from '../compose.ts';
import { redact } from '../config/redact.ts';
import { type Config, settingNames } from '../config/schema.ts';
import { TriptychError } from '../errors.ts';
import type { Triptych } from '../ports/triptych.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { prepareFirstRun } from './first-run.ts';
import { type Runtime, say } from './runtime.ts';
import { addSettingFlags, configOf } from './settings-flags.ts';
import { onStopSignal } from './signals.ts';

const help = `
Examples:
  triptych serve
  triptych serve --port 8081 --data-dir ~/catalogue --no-demo
  TRIPTYCH_LOG_LEVEL=info triptych serve --embedder none

SIGTERM and Ctrl-C finish what is in flight and end with 0; a second one ends at once.
All settings: docs/settings.md.`;

/** `triptych serve` */
export function serveCommand(runtime: Runtime, done: (code: ExitCode) => void): Command {
  const command = new Command('serve')
    .description('Serve the HTTP API; the first run loads a demo catalogue.')
    .option('--json', 'print one line of JSON when ready')
    .option('--print-settings', 'print the settings that result, without secrets, and end')
    .addHelpText('after', help);
  addSettingFlags(command, settingNames);
  command.action(async (options: Record<string, unknown>) => done(await serve(runtime, options)));
  return command;
}

/** Runs until a signal asks to stop. */
async function serve(runtime: Runtime, options: Readonly<Record<string, unknown>>): Promise<ExitCode> {
  const config = configOf(runtime, options, settingNames);
  if (options.printSettings === true) {
    runtime.stdout.write(`${JSON.stringify(redact(config), null, 2)}\n`);
    return exitCodes.ok;
  }
  const stop = new AbortController();
  const release = onStopSignal(
    () => stop.abort(),
    (signal) => runtime.exit(signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated),
  );
  try {
    if (!existsSync(config.dataDir))
      say(runtime, `Making the data folder ${config.dataDir} (some seconds, once) ...`);
    const open = await runtime.open(config);
    let listening: { readonly url: string; close(): Promise<void> } | null = null;
    try {
      await prepareFirstRun(runtime, open.service, config, stop.signal);
      if (stop.signal.aborted) return exitCodes.ok;
      listening = await listen(open, config);
      await announce(runtime, open, listening.url, options.json === true);
      await aborted(stop.signal);
      say(runtime, 'Stopping: finishing what is in flight ...');
    } finally {
      await (listening ?? open.service).close();
    }
    return exitCodes.ok;
  } finally {
    release();
  }
}

async function listen(open: ComposedTriptych, config: Config): ReturnType<ComposedTriptych['listen']> {
  try {
    return await open.listen();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const reason = listenErrors.get(code);
    if (reason === undefined) throw error;
    throw new TriptychError(
      'unavailable',
      `${config.host}:${config.port} ${reason}; choose another with --port or --host`,
      { cause: error },
    );
  }
}

const listenErrors: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'is in use by another process'],
  ['EACCES', 'may not be listened on by this user'],
  ['EADDRNOTAVAIL', 'is not an address of this machine'],
]);

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Says on standard output where the service is, what it is made of, and how to try it. */
async function announce(runtime: Runtime, open: ComposedTriptych, url: string, json: boolean): Promise<void> {
  const { service, parts } = open;
  const documents =
    service.schema(defaultTenant) === null ? 0 : (await service.catalogue(defaultTenant)).documents;
  if (json) {
    runtime.stdout.write(`${JSON.stringify({ url, documents, ...parts })}\n`);
    return;
  }
  const rows = Object.entries({ documents: documents.toLocaleString('en'), ...parts });
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`).join('');
  runtime.stdout.write(
    `Triptych is ready: ${url}\n${table}${await example(runtime, service, url, documents)}`,
  );
}

/** A line to paste: a search that this catalogue can answer. */
async function example(runtime: Runtime, service: Triptych, url: string, documents: number): Promise<string> {
  if (documents === 0)
    return 'There are no documents yet: triptych ingest FILE --schema S, or PUT /v1/catalogue.\n';
  const isDemo = service.schema(defaultTenant)?.name === runtime.demo.name;
  const query = isDemo
    ? runtime.demo.exampleQuery
    : ((await service.documents(defaultTenant, null, 1))[0]?.title ?? '');
  const body = JSON.stringify({ query, k: 5 }).replaceAll("'", "'\\''");
  return `Try:\n  curl -s ${url}/v1/search -H 'content-type: application/json' -d '${body}'\n`;
}
