import { Command } from 'commander';
import { settingNames } from '../config/schema.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { fillEmptyService } from './first-run.ts';
import { tenant } from './ingest/target.ts';
import { type Listening, type OpenTriptych, type Runtime, say } from './runtime.ts';
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
    .addHelpText('after', help);
  addSettingFlags(command, settingNames);
  command.action(async (options: Record<string, unknown>) => done(await serve(runtime, options)));
  return command;
}

/** Runs until a signal asks to stop. */
async function serve(runtime: Runtime, options: Readonly<Record<string, unknown>>): Promise<ExitCode> {
  const config = configOf(runtime, options, settingNames);
  const stop = new AbortController();
  const release = onStopSignal(
    () => stop.abort(),
    (signal) => runtime.exit(signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated),
  );
  try {
    const open = await runtime.open(config);
    let listening: Listening | null = null;
    try {
      await fillEmptyService(runtime, open.service, config, stop.signal);
      if (stop.signal.aborted) return exitCodes.ok;
      listening = await runtime.listen(open, config);
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

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Says on standard output where the service is, what it is made of, and how to try it. */
async function announce(runtime: Runtime, open: OpenTriptych, url: string, json: boolean): Promise<void> {
  const { service, parts } = open;
  const documents = service.schema(tenant) === null ? 0 : (await service.catalogue(tenant)).documents;
  if (json) {
    runtime.stdout.write(`${JSON.stringify({ url, documents, ...parts })}\n`);
    return;
  }
  const rows = Object.entries({ documents: documents.toLocaleString('en'), ...parts });
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`).join('');
  runtime.stdout.write(`Triptych is ready: ${url}\n${table}${await example(open, url, documents)}`);
}

/** A line to paste: a search that this catalogue can answer. */
async function example(open: OpenTriptych, url: string, documents: number): Promise<string> {
  if (documents === 0)
    return 'There are no documents yet: triptych ingest FILE --schema S, or PUT /v1/catalogue.\n';
  const query = open.exampleQuery ?? (await open.service.documents(tenant, null, 1))[0]?.title ?? '';
  const body = JSON.stringify({ query, k: 5, explain: 'score' }).replaceAll("'", "'\\''");
  return `Try:\n  curl -s ${url}/v1/search -H 'content-type: application/json' -d '${body}'\n`;
}
