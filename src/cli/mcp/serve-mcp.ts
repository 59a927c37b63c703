import { Readable, Writable } from 'node:stream';
import { TriptychClient } from '../../client/index.ts';
import { version } from '../../compose.ts';
import { isLoopback } from '../../config/complete.ts';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { asksForKeys } from '../../mcp/asks-for-keys.ts';
import { CallPlaces } from '../../mcp/call-places.ts';
import { createMcpHttpServer, mcpPath } from '../../mcp/http-listener.ts';
import type { McpParts } from '../../mcp/mcp-server.ts';
import { serveOverStdio } from '../../mcp/stdio.ts';
import type { Logger } from '../../ports/logger.ts';
import { exitCodes } from '../exit-codes.ts';
import { listenProblem } from '../listen-problem.ts';
import type { Reached } from '../reach-server.ts';
import { type Runtime, say } from '../runtime.ts';
import { onStopSignal } from '../signals.ts';

/** The command's own flags, as commander gives them. */
export interface McpOptions extends Readonly<Record<string, unknown>> {
  readonly http?: boolean;
  readonly host: string;
  readonly port: number;
  readonly allowedHost?: readonly string[];
  readonly allowedOrigin?: readonly string[];
  readonly allowWrites?: boolean;
  readonly json?: boolean;
}

/** Serves until the host has ended it, or a signal has. */
export async function serveMcp(runtime: Runtime, reached: Reached, options: McpOptions): Promise<void> {
  const parts: McpParts = {
    version,
    allowWrites: options.allowWrites === true,
    places: new CallPlaces(limits.mcpCallsInFlightMax),
    logger: loggerOn(runtime),
  };
  const stop = new AbortController();
  const release = onStopSignal(
    () => stop.abort(),
    (signal) => runtime.exit(signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated),
  );
  const stopped = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()));
  try {
    if (options.http === true) await serveHttp(runtime, reached, parts, options, stopped);
    else await serveStdio(runtime, reached, parts, stopped);
  } finally {
    release();
  }
}

async function serveStdio(
  runtime: Runtime,
  { client }: Reached,
  parts: McpParts,
  stopped: Promise<void>,
): Promise<void> {
  const stdout = new Writable({
    decodeStrings: false,
    write: (text: string, _encoding, callback) => {
      runtime.stdout.write(text);
      callback();
    },
  });
  const stdin = Readable.from(runtime.stdin, { objectMode: false });
  const connection = serveOverStdio(client, parts, { stdin, stdout });
  await Promise.race([connection.ended, stopped]);
  await connection.close();
  runtime.stdin.destroy();
}

async function serveHttp(
  runtime: Runtime,
  reached: Reached,
  parts: McpParts,
  options: McpOptions,
  stopped: Promise<void>,
): Promise<void> {
  const { host, port, allowedHost = [], allowedOrigin = [] } = options;
  const isExposed = !isLoopback(host);
  const asks = reached.isOwn ? async () => false : asksForKeys(reached.url, () => performance.now());
  if (!(await asks()) && isExposed)
    throw new TriptychError('invalid_settings', `${host} is not a loopback address`, {
      fields: [
        {
          path: '--host',
          message: 'must be a loopback address, because the service asks nobody for an API key',
        },
      ],
    });
  const loopback = ['localhost', '127.0.0.1', '[::1]'];
  const shownHost = host.includes(':') ? `[${host}]` : host;
  const listener = createMcpHttpServer({
    ...parts,
    // The key of a server that was found is lent to nobody.
    clientFor: (key) =>
      reached.isOwn ? reached.client : new TriptychClient({ url: reached.url, ...(key !== null && { key }) }),
    asksForKeys: asks,
    isExposed,
    hosts:
      isExposed && allowedHost.length === 0 ? null : [...loopback, nameInUrls(shownHost), ...allowedHost],
    origins: [...loopback, ...allowedOrigin],
  });
  const address = await listener.listen(port, host).catch((error: unknown) => {
    throw listenProblem(error, host, port);
  });
  const url = `http://${shownHost}:${address.port}${mcpPath}`;
  runtime.stdout.write(options.json === true ? `${JSON.stringify({ url })}\n` : `MCP is served: ${url}\n`);
  await stopped;
  say(runtime, 'Stopping ...');
  await listener.close();
}

/** A host as a request's Host names it, as far as it is one. */
function nameInUrls(host: string): string {
  const url = `http://${host}`;
  return URL.canParse(url) ? new URL(url).hostname : host;
}

/** What went wrong, on standard error; calls that were answered say it themselves. */
function loggerOn(runtime: Runtime): Logger {
  const line =
    (level: string): Logger['error'] =>
    ({ error }, message) => {
      const cause = error instanceof Error ? `: ${error.stack ?? error.message}` : '';
      say(runtime, `${level}: ${message}${cause}`);
    };
  return { info: () => {}, warn: line('warning'), error: line('error') };
}
