import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  createMcpHandler,
  hostHeaderValidationResponse,
  originValidationResponse,
} from '@modelcontextprotocol/server';
import type { TriptychClient } from '../client/index.ts';
import { limits } from '../limits.ts';
import { readMessage, refusal } from './http-message.ts';
import { createMcpServer, type McpParts } from './mcp-server.ts';

/** The one path that the protocol is spoken at. */
export const mcpPath = '/mcp';

export interface McpHttpOptions extends McpParts {
  /** Acts for the caller who sent this key. */
  clientFor(key: string | null): TriptychClient;
  /** Whether the service asks for API keys: then each request must bring its caller's, and goes on with that. */
  asksForKeys(): Promise<boolean>;
  /** Whether others than this machine's programs can ask: then nothing is answered while the service wants no keys. */
  readonly isExposed: boolean;
  /** Host names, without port, that requests may be addressed to; null: any. */
  readonly hosts: readonly string[] | null;
  /** Host names of web pages that may ask; programs other than browsers send none. */
  readonly origins: readonly string[];
}

export interface McpHttpServer {
  /** Port 0 takes a free one. Rejects with the system's error, for example EADDRINUSE. */
  listen(port: number, host: string): Promise<AddressInfo>;
  /** Takes no new connections, ends what is in flight. */
  close(): Promise<void>;
}

/**
 * The protocol over Streamable HTTP, without sessions: each request has a server of its own, so nothing is kept between
 * requests and any number of processes can stand behind one address.
 */
export function createMcpHttpServer(options: McpHttpOptions): McpHttpServer {
  const { logger } = options;
  const handler = createMcpHandler(
    ({ requestInfo }) => createMcpServer(options.clientFor(keyOf(requestInfo?.headers)), options),
    {
      onerror: (error) => logger.warn({ error }, 'a message was refused'),
    },
  );
  const server = createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
    },
    (req, res) => {
      answer(req, res, options, handler.fetch).catch((error: unknown) => {
        // Who has left needs no answer.
        if (!res.destroyed) logger.error({ error }, 'a request could not be answered');
        res.destroy();
      });
    },
  );
  server.maxConnections = limits.mcpConnectionsMax;
  return {
    listen: (port, host) => listen(server, port, host),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await handler.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

type Fetch = (request: Request) => Promise<Response>;

async function answer(
  req: IncomingMessage,
  res: ServerResponse,
  options: McpHttpOptions,
  fetch: Fetch,
): Promise<void> {
  const gone = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) gone.abort();
  });
  const head = headOf(req);
  const refused =
    head === null
      ? refusal(400, 'the request has no valid Host')
      : (misplaced(head, options) ?? (await keyProblem(head, options)));
  const response = refused ?? (await served(req, head!, gone.signal, fetch));
  if (!res.destroyed) await send(response, req, res);
}

/** The request without its body; null where it says no host. */
function headOf(req: IncomingMessage): Request | null {
  const { host = '' } = req.headers;
  const address = `http://${host}${req.url ?? '/'}`;
  if (host === '' || !URL.canParse(address)) return null;
  const headers = new Headers();
  for (let i = 0; i < req.rawHeaders.length; i += 2)
    headers.append(req.rawHeaders[i]!, req.rawHeaders[i + 1]!);
  return new Request(address, { method: req.method === 'POST' ? 'POST' : 'GET', headers });
}

/** What is wrong with where a request goes and comes from, or null. */
function misplaced(head: Request, { hosts, origins }: McpHttpOptions): Response | null {
  if (new URL(head.url).pathname !== mcpPath) return refusal(404, `only ${mcpPath} is served here`);
  const host = hosts === null ? undefined : hostHeaderValidationResponse(head, [...hosts]);
  const misled = host ?? originValidationResponse(head, [...origins]);
  if (misled !== undefined) return misled;
  if (head.method === 'POST') return null;
  return refusal(405, 'there are no sessions and no streams to open: POST', { allow: 'POST' });
}

/** What is wrong with the caller's key, or null. */
async function keyProblem(
  head: Request,
  { asksForKeys, isExposed, logger }: McpHttpOptions,
): Promise<Response | null> {
  const asks = await asksForKeys().catch((error: unknown) => {
    logger.warn({ error }, 'the service could not be asked whether it wants API keys');
    return null;
  });
  if (asks === null && isExposed)
    return refusal(503, 'the service cannot be asked whether it wants API keys');
  if (asks === false && isExposed)
    return refusal(503, 'the service asks nobody for an API key, so it is served on loopback alone');
  if (asks !== true || keyOf(head.headers) !== null) return null;
  return refusal(401, 'send the API key of the service: Authorization: Bearer KEY', {
    'www-authenticate': 'Bearer',
  });
}

async function served(
  req: IncomingMessage,
  head: Request,
  signal: AbortSignal,
  fetch: Fetch,
): Promise<Response> {
  const body = await readMessage(req, limits.mcpMessageBytesMax);
  if (body === null) return refusal(413, `a message has at most ${limits.mcpMessageBytesMax} bytes`);
  return fetch(new Request(head.url, { method: 'POST', headers: head.headers, body, signal }));
}

/** The caller's key: that of the service, in one of the two headers that the service reads. */
function keyOf(headers: Headers | undefined): string | null {
  const bearer = /^bearer +([!-~]+) *$/i.exec(headers?.get('authorization') ?? '')?.[1];
  const plain = headers?.get('x-api-key') ?? '';
  return bearer ?? (/^[!-~]+$/.test(plain) ? plain : null);
}

async function send(response: Response, req: IncomingMessage, res: ServerResponse): Promise<void> {
  res.statusCode = response.status;
  response.headers.forEach((value, name) => {
    res.setHeader(name, value);
  });
  res.setHeader('cache-control', 'no-store');
  // The rest of a body that is not read must not be taken for the next request.
  if (!req.complete) res.setHeader('connection', 'close');
  if (response.body === null) res.end();
  else await pipeline(Readable.fromWeb(response.body), res);
}

function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}
