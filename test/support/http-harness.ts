import { PromMeter } from '../../src/adapters/prom/prom-meter.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import type { HttpAppOptions } from '../../src/http/app.ts';
import { createHttpServer, type HttpServer } from '../../src/http/server.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Triptych } from '../../src/ports/triptych.ts';
import { FakeTriptych } from './fake-triptych.ts';
import { rawClient } from './raw-client.ts';

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export interface HttpHarness<T extends Triptych> {
  readonly url: string;
  readonly port: number;
  readonly triptych: T;
  readonly meter: PromMeter;
  readonly logs: LogLine[];
  readonly http: HttpServer;
  /** A request with a JSON body. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Sends bytes as they are on a bare socket and gives back what came until it closed. */
  raw(bytes: string | Buffer | readonly (string | Buffer)[]): Promise<string>;
  /** As raw, and ends its side of the connection behind the bytes. */
  rawThenEnd(bytes: string | Buffer): Promise<string>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** undefined when the answer is not JSON. */
  readonly json: unknown;
  /** A part of it: `at('fields.0.path')`; undefined where there is none. */
  at(path: string): unknown;
}

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, headers: response.headers, text, json, at: (path) => partOf(json, path) };
}

export function partOf(value: unknown, path: string): unknown {
  let part = value;
  for (const step of path.split('.'))
    part = typeof part === 'object' && part !== null ? (part as Record<string, unknown>)[step] : undefined;
  return part;
}

/** The real server over a Triptych (the fake one unless given), on a free port. */
export function startHttp(): Promise<HttpHarness<FakeTriptych>>;
export function startHttp<T extends Triptych>(
  triptych: T,
  clock?: Clock,
  more?: Partial<HttpAppOptions>,
): Promise<HttpHarness<T>>;
export async function startHttp(
  triptych: Triptych = new FakeTriptych(),
  clock: Clock = systemClock,
  more: Partial<HttpAppOptions> = {},
): Promise<HttpHarness<Triptych>> {
  const meter = new PromMeter();
  const logs: LogLine[] = [];
  const log = (level: LogLine['level']) => (fields: LogLine['fields'], message: string) => {
    logs.push({ level, fields, message });
  };
  const logger = { info: log('info'), warn: log('warn'), error: log('error') };
  const http = createHttpServer({ triptych, meter, logger, clock, version: '0.0.0-test', ...more });
  const { port } = await http.listen(0, '127.0.0.1');
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    triptych,
    meter,
    logs,
    http,
    async call(method, path, body, headers = {}) {
      const init: RequestInit = { method, headers: { ...headers } };
      if (body !== undefined) {
        init.body = typeof body === 'string' ? body : JSON.stringify(body);
        init.headers = { 'content-type': 'application/json', ...headers };
      }
      return answerOf(await fetch(`${url}${path}`, init));
    },
    raw: (bytes) => exchangeRaw(port, bytes, false),
    rawThenEnd: (bytes) => exchangeRaw(port, bytes, true),
    async close() {
      http.server.closeAllConnections();
      await http.drain();
      meter.close();
    },
  };
}

async function exchangeRaw(
  port: number,
  bytes: string | Buffer | readonly (string | Buffer)[],
  thenEnd: boolean,
): Promise<string> {
  const client = rawClient(port);
  for (const part of Array.isArray(bytes) ? bytes : [bytes as string | Buffer]) client.socket.write(part);
  if (thenEnd) client.socket.end();
  await client.closed;
  return client.text;
}
