import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TriptychClient, type TriptychClientOptions, TriptychRequestError } from '../../src/client/index.ts';
import { TriptychError } from '../../src/errors.ts';
import { problemOf } from '../../src/wire/problem.ts';
import { all } from '../support/client-calls.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A client of a server that answers like this. */
async function clientOf(answer: RequestListener, options: Partial<TriptychClientOptions> = {}) {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return new TriptychClient({ url: `http://127.0.0.1:${port}`, ...options });
}

/** Answers with a problem, then with an empty index. */
function afterProblems(count: number, code: 'overloaded' | 'unavailable' | 'internal', retryAfter?: string) {
  const seen = { calls: 0 };
  const answer: RequestListener = (request, response) => {
    request.resume();
    seen.calls += 1;
    if (seen.calls > count) {
      response.end('{"name": "triptych"}');
      return;
    }
    const problem = problemOf(new TriptychError(code, 'later'), 'r-1');
    response.writeHead(problem.status, { ...(retryAfter !== undefined && { 'retry-after': retryAfter }) });
    response.end(JSON.stringify(problem));
  };
  return { seen, answer };
}

async function failure(call: Promise<unknown>): Promise<TriptychRequestError> {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(TriptychRequestError);
  return error as TriptychRequestError;
}

describe('options', () => {
  it.each([
    [{ url: 'not a url' }],
    [{ url: 'ftp://localhost' }],
    [{ url: 'http://user:secret@localhost' }],
    [{ url: 'http://localhost', key: 'two words' }],
    [{ url: 'http://localhost', timeoutMs: -1 }],
    [{ url: 'http://localhost', retriesMax: 6 }],
  ])('that cannot be are refused: %j', (options) => {
    expect(() => new TriptychClient(options)).toThrow(TypeError);
  });

  it('keep a path before the routes, and send the key', async () => {
    const asked: string[] = [];
    const fetch: TriptychClientOptions['fetch'] = async (url, init) => {
      asked.push(`${url} ${new Headers(init.headers).get('authorization')}`);
      return new Response('{}');
    };
    for (const url of ['http://h:1/a/b/', 'http://h:1'])
      await new TriptychClient({ url, key: 'k-1', fetch }).documents({ limit: 2 });
    expect(asked).toEqual([
      'http://h:1/a/b/v1/documents?limit=2 Bearer k-1',
      'http://h:1/v1/documents?limit=2 Bearer k-1',
    ]);
  });
});

describe('an answer that is no success', () => {
  it('becomes an error with all that the problem document says', async () => {
    const { answer } = afterProblems(1, 'overloaded', '7');
    expect(await failure((await clientOf(answer)).index())).toMatchObject({
      ...{ status: 503, code: 'overloaded', message: 'later', retriable: true, retryAfterMs: 7_000 },
      ...{ requestId: 'r-1', fields: [] },
    });
  });

  it('of somebody else is told apart', async () => {
    const client = await clientOf((_, response) => response.writeHead(502).end('<html>Bad Gateway</html>'));
    expect(await failure(client.index())).toMatchObject({ status: 502, code: 'unexpected_answer' });
    const other = await clientOf((_, response) => response.end('<html>'));
    expect(await failure(other.index())).toMatchObject({ status: 0, code: 'unexpected_answer' });
    const moved = await clientOf((_, response) => response.writeHead(302, { location: '/' }).end());
    expect((await failure(moved.index())).code).toBe('unreachable');
  });

  it('that broke off, or never began, says so', async () => {
    const cut = await clientOf((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{');
      setTimeout(() => response.destroy(), 20);
    });
    expect((await failure(cut.index())).code).toBe('cut_off');
    expect((await failure(all(cut.exportUser('u')))).code).toBe('cut_off');
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    const error = await failure(new TriptychClient({ url: `http://127.0.0.1:${port}` }).index());
    expect([error.code, error.status, error.message]).toEqual([
      'unreachable',
      0,
      expect.stringContaining('ECONNREFUSED'),
    ]);
  });

  it('is an answer where readiness is asked for', async () => {
    const client = await clientOf((_, response) => {
      const parts = { sql: { ok: false, reason: 'no answer' } };
      const problem = problemOf(new TriptychError('not_ready', 'starting', { members: { parts } }));
      response.writeHead(503).end(JSON.stringify(problem));
    });
    expect(await client.ready()).toEqual({
      ready: false,
      parts: { sql: { ok: false, reason: 'no answer' } },
    });
  });
});

describe('waiting', () => {
  const silence: RequestListener = (request) => request.resume();

  it('ends with the time to answer', async () => {
    const client = await clientOf(silence, { timeoutMs: 50 });
    expect((await failure(client.index())).code).toBe('timeout');
    expect((await failure(client.index({ timeoutMs: 20 }))).message).toContain('20 ms');
    expect((await failure(all(client.exportUser('u')))).code).toBe('timeout');
  });

  describe('for a stream', () => {
    const timeoutMs = 1_000;
    beforeEach(() => {
      vi.useFakeTimers();
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    /** The lines of a stream that a test writes; its end is that of the request. */
    const streamed = () => {
      let body!: ReadableStreamDefaultController<Uint8Array>;
      const source = new ReadableStream<Uint8Array>({
        start: (controller) => {
          body = controller;
        },
      });
      const fetch: TriptychClientOptions['fetch'] = async (_, { signal }) => {
        signal!.addEventListener('abort', () => body.error(signal!.reason));
        return new Response(source);
      };
      const lines = new TriptychClient({ url: 'http://h', fetch, timeoutMs }).exportUser('u');
      return {
        lines,
        write: () => body.enqueue(Buffer.from('{"kind": "event"}\n')),
        end: () => body.close(),
      };
    };

    it('is counted from part to part', async () => {
      const { lines, write } = streamed();
      for (let part = 0; part < 4; part++) {
        const next = lines.next();
        await vi.advanceTimersByTimeAsync(timeoutMs - 1);
        write();
        expect((await next).done).toBe(false);
      }
      const late = failure(lines.next());
      await vi.advanceTimersByTimeAsync(timeoutMs);
      expect((await late).code).toBe('timeout');
    });

    it('is not the time that somebody spends on a part', async () => {
      const { lines, write, end } = streamed();
      write();
      expect((await lines.next()).done).toBe(false);
      await vi.advanceTimersByTimeAsync(10 * timeoutMs);
      write();
      expect((await lines.next()).done).toBe(false);
      end();
      expect((await lines.next()).done).toBe(true);
    });
  });

  it('ends when the caller gives up, with the reason that was given', async () => {
    const client = await clientOf(silence);
    const stop = new AbortController();
    const reason = new Error('enough');
    const call = client.search({ query: 'x' }, { signal: stop.signal });
    stop.abort(reason);
    await expect(call).rejects.toBe(reason);
    await expect(client.index({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('ends with the loop over a stream: the connection is closed', async () => {
    let closed: Promise<void> = Promise.resolve();
    const client = await clientOf((_, response) => {
      closed = new Promise((resolve) => response.once('close', resolve));
      response.write('{"kind": "event"}\n');
    });
    for await (const _ of client.exportUser('u')) break;
    await closed;
  });
});

describe('repeating', () => {
  it('is not done unless it was asked for', async () => {
    const { seen, answer } = afterProblems(1, 'overloaded', '0');
    await failure((await clientOf(answer)).index());
    expect(seen.calls).toBe(1);
  });

  it('goes on until there is an answer, at most so often', async () => {
    const { seen, answer } = afterProblems(2, 'unavailable', '0');
    expect(await (await clientOf(answer, { retriesMax: 2 })).index()).toEqual({ name: 'triptych' });
    expect(seen.calls).toBe(3);
    const more = afterProblems(3, 'unavailable', '0');
    await failure((await clientOf(more.answer, { retriesMax: 2 })).index());
    expect(more.seen.calls).toBe(3);
  });

  it('is left out where it cannot help, or could do something twice', async () => {
    const internal = afterProblems(1, 'internal');
    await failure((await clientOf(internal.answer, { retriesMax: 2 })).index());
    const conditional = afterProblems(1, 'overloaded', '0');
    await failure((await clientOf(conditional.answer, { retriesMax: 2 })).putRules({}, { ifMatch: 1 }));
    const bulk = afterProblems(1, 'overloaded', '0');
    await failure(all((await clientOf(bulk.answer, { retriesMax: 2 })).bulk([{ delete: 'a' }])));
    expect([internal, conditional, bulk].map(({ seen }) => seen.calls)).toEqual([1, 1, 1]);
  });

  it('never waits longer than the call may take', async () => {
    const { seen, answer } = afterProblems(1, 'overloaded', '3600');
    const error = await failure((await clientOf(answer, { retriesMax: 2 })).index());
    expect([error.code, error.retryAfterMs, seen.calls]).toEqual(['overloaded', 3_600_000, 1]);
  });
});

describe('a bulk write', () => {
  const outcome = (line: number) => JSON.stringify({ line, id: `d${line}`, status: 202, version: 1 });

  it('tells why the service had to end it early, after the outcomes that there are', async () => {
    const client = await clientOf((request, response) => {
      request.resume();
      request.once('end', () => {
        const error = problemOf(new TriptychError('not_ready', 'the service is stopping'));
        response.end(`${outcome(1)}\n${outcome(2)}\n${JSON.stringify({ line: 3, status: 503, error })}\n`);
      });
    });
    const seen: number[] = [];
    const run = async () => {
      for await (const { line } of client.bulk(['a', 'b', 'c', 'd'].map((id) => ({ delete: id }))))
        seen.push(line);
    };
    expect((await failure(run())).code).toBe('not_ready');
    expect(seen).toEqual([1, 2]);
  });

  it('is refused before it is sent where an id is none', async () => {
    const client = new TriptychClient({ url: 'http://127.0.0.1:1' });
    for (const id of ['', '.', '..', '\ud800'])
      expect(await failure(client.document(id))).toMatchObject({ code: 'invalid_request', status: 400 });
  });
});
