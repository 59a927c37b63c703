import { existsSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { Command } from 'commander';
import type { ComposedTriptych } from '../compose.ts';
import { redact } from '../config/redact.ts';
import { type Config, settingNames } from '../config/schema.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { prepareFirstRun } from './first-run.ts';
import { listenProblem } from './listen-problem.ts';
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
    if (config.stores.postgres === null && !existsSync(config.dataDir))
      say(runtime, `Making the data folder ${config.dataDir} (some seconds, once) ...`);
    const open = await runtime.open(config, { waitForStores: false });
    let listening: { readonly url: string; close(): Promise<void> } | null = null;
    try {
      await prepare(runtime, open, config, stop.signal);
      if (stop.signal.aborted) return exitCodes.ok;
      listening = await listen(open, config);
      await announce(runtime, open, listening.url, config, options.json === true);
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

/** Whether all catalogues are open; the start has waited for that as long as it waits. */
function isOpen({ opened }: ComposedTriptych): Promise<boolean> {
  return Promise.race([opened.then(() => true), setImmediate(false)]);
}

/** Gives tenants a catalogue where they should have one; later, where the truth does not answer yet. */
async function prepare(
  runtime: Runtime,
  open: ComposedTriptych,
  config: Config,
  stop: AbortSignal,
): Promise<void> {
  const begin = () => prepareFirstRun(runtime, open, config, stop);
  if (await isOpen(open)) return begin();
  say(runtime, `${open.parts.data} does not answer: everything but /livez is refused until it does.`);
  void open.opened
    .then(() => (stop.aborted ? undefined : begin()))
    .catch((error: unknown) =>
      say(runtime, `The first run is not through: ${error instanceof Error ? error.message : String(error)}`),
    );
}

async function listen(open: ComposedTriptych, config: Config): ReturnType<ComposedTriptych['listen']> {
  try {
    return await open.listen();
  } catch (error) {
    throw listenProblem(error, config.host, config.port);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Says on standard output where the service is, what it is made of, and how to try it. */
async function announce(
  runtime: Runtime,
  open: ComposedTriptych,
  url: string,
  config: Config,
  json: boolean,
): Promise<void> {
  const counts = await documentCounts(open);
  const documents = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (json) {
    runtime.stdout.write(`${JSON.stringify({ url, documents, ...open.parts })}\n`);
    return;
  }
  const rows = Object.entries({ documents: documents.toLocaleString('en'), ...open.parts });
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`).join('');
  const tenant = [...counts].find(([, count]) => count > 0)?.[0];
  const isReady = await isOpen(open);
  const hint =
    tenant === undefined
      ? 'There are no documents yet: triptych ingest FILE --schema S, or PUT /v1/catalogue.\n'
      : await example(runtime, open, tenant, url, config);
  // What a truth that does not answer has in it is not known.
  if (isReady) runtime.stdout.write(`Triptych is ready: ${url}\n${table}${hint}`);
  else
    runtime.stdout.write(
      `Triptych listens: ${url}\nIts store does not answer yet; /readyz says when.\n${table}`,
    );
}

/** Documents of each tenant that has a catalogue. */
async function documentCounts({ service, tenants }: ComposedTriptych): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const tenant of tenants)
    if (service.schema(tenant) !== null) counts.set(tenant, (await service.catalogue(tenant)).documents);
  return counts;
}

/** A line to paste: a search that the tenant's catalogue can answer. */
async function example(
  runtime: Runtime,
  { service }: ComposedTriptych,
  tenant: string,
  url: string,
  config: Config,
): Promise<string> {
  const isDemo = service.schema(tenant)?.name === runtime.demo.name;
  const query = isDemo
    ? runtime.demo.exampleQuery
    : ((await service.documents(tenant, null, 1))[0]?.title ?? '');
  const body = JSON.stringify({ query, k: 5 }).replaceAll("'", "'\\''");
  const key = config.keysFile === null ? '' : ` -H "authorization: Bearer $TRIPTYCH_API_KEY"`;
  return `Try:\n  curl -s ${url}/v1/search -H 'content-type: application/json'${key} -d '${body}'\n`;
}
