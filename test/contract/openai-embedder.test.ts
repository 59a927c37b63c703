import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { OpenAiEmbedder } from '../../src/adapters/openai/openai-embedder.ts';
import { limits } from '../../src/limits.ts';
import { type EmbeddingServer, embeddingsOf, startEmbeddingServer } from '../support/embedding-server.ts';
import { embedderContract } from './embedder.contract.ts';

const never = new AbortController().signal;
const key = 'sk-a-secret-key';

embedderContract('openai', async () => {
  const server = await startEmbeddingServer(16);
  const embedder = new OpenAiEmbedder({ url: server.url, model: 'hash', dimension: 16, key });
  return { embedder, end: server.close };
});

describe('openai embedder', () => {
  let server: EmbeddingServer;
  let embedder: OpenAiEmbedder;

  beforeAll(async () => {
    server = await startEmbeddingServer(4);
    embedder = new OpenAiEmbedder({
      url: `${server.url}/`,
      model: 'hash',
      dimension: 4,
      key,
      timeoutMs: 20_000,
    });
  });
  afterEach(() => {
    server.answer = null;
    server.calls.length = 0;
  });
  afterAll(async () => {
    await embedder.close();
    await server.close();
  });

  const failure = (of = embedder) =>
    of.embed(['private text'], never).then(
      () => expect.unreachable('the call went through'),
      (error: unknown) => error as { code: string; message: string },
    );

  it('posts model, texts and key, and splits what is more than a batch', async () => {
    await embedder.embed(new Array<string>(limits.embedBatchMax + 1).fill('text'), never);
    expect(server.calls.map(({ input }) => input.length)).toEqual([limits.embedBatchMax, 1]);
    expect(server.calls[0]).toMatchObject({
      path: '/v1/embeddings',
      model: 'hash',
      authorization: `Bearer ${key}`,
    });
  });

  it('sends no key when there is none', async () => {
    const open = new OpenAiEmbedder({ url: server.url, model: 'hash', dimension: 4, key: null });
    await open.embed(['x'], never);
    expect(server.calls[0]!.authorization).toBeUndefined();
  });

  const wrongVector = (embedding: unknown) => JSON.stringify({ data: [{ index: 0, embedding }] });
  const wrongAnswers: [string, string, RegExp][] = [
    ['no JSON', 'private text is not JSON', /did not answer with JSON/],
    ['an empty body', '', /did not answer with JSON/],
    ['no data', '{}', /1 entries in data/],
    ['too few entries', '{"data": []}', /1 entries in data/],
    ['an index out of range', '{"data": [{"index": 7, "embedding": [1,2,3,4]}]}', /index out of range/],
    ['another dimension', wrongVector([1, 2, 3]), /3 dimensions instead of 4/],
    ['base64', wrongVector('AAAA'), /array of numbers/],
    ['text in a vector', wrongVector([1, 2, 3, '4']), /not a finite number/],
    ['a number beyond f64', '{"data": [{"index": 0, "embedding": [1, 2, 3, 1e999]}]}', /not a finite number/],
    ['a zero vector', wrongVector([0, 0, 0, 0]), /zero vector/],
  ];
  it.each(wrongAnswers)('refuses %s', async (_, body, message) => {
    server.answer = (_call, response) => response.end(body);
    const error = await failure();
    expect(error).toMatchObject({ code: 'embedder_unavailable', message: expect.stringMatching(message) });
  });

  it('refuses an index that comes twice', async () => {
    const entry = { index: 0, embedding: [1, 2, 3, 4] };
    server.answer = (_call, response) => response.end(JSON.stringify({ data: [entry, entry] }));
    await expect(embedder.embed(['a', 'b'], never)).rejects.toThrow(/index twice/);
  });

  it.each([
    [500, 'embedder_unavailable', /status 500/],
    [401, 'embedder_unavailable', /refused the key/],
    [404, 'embedder_unavailable', /status 404/],
    [429, 'overloaded', /429/],
  ])('maps status %i without the key or the body', async (status, code, message) => {
    server.answer = (_call, response) => {
      response.writeHead(status, { 'retry-after': '7' }).end(`no: Bearer ${key} for private text`);
    };
    const error = await failure();
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(inspect(error, { depth: 9 })).not.toMatch(/secret|private/);
    if (status === 429) expect(error).toMatchObject({ retryAfterSeconds: 7 });
  });

  it('does not follow a redirect', async () => {
    server.answer = (call, response) => {
      if (call.path === '/elsewhere') response.end(JSON.stringify(embeddingsOf(call.input, 4)));
      else response.writeHead(307, { location: '/elsewhere' }).end();
    };
    expect((await failure()).message).toMatch(/redirect/);
    expect(server.calls).toHaveLength(1);
  });

  it('stops waiting for a server that hangs, before and within the body', async () => {
    const hasty = new OpenAiEmbedder({ url: server.url, model: 'hash', dimension: 4, key, timeoutMs: 400 });
    server.answer = () => {};
    expect((await failure(hasty)).message).toMatch(/did not answer within 400 ms/);
    server.answer = (_call, response) => {
      response.write('{"data": [');
    };
    expect((await failure(hasty)).message).toMatch(/did not answer within 400 ms/);
  });

  it('stops reading an answer that does not end', async () => {
    server.answer = (_call, response, request) => {
      const chunk = ' '.repeat(1 << 20);
      const more = () => {
        while (!request.socket.destroyed && response.write(chunk));
      };
      response.on('drain', more);
      more();
    };
    const patient = new OpenAiEmbedder({ url: server.url, model: 'hash', dimension: 4, key: null });
    await expect(patient.embed(['x'], never)).rejects.toThrow(
      `more than ${limits.embedResponseBytesMax} bytes`,
    );
  });

  it('tries once more when a connection breaks, then says so', async () => {
    server.answer = (call, response, request) => {
      if (server.calls.length === 1) request.socket.destroy();
      else response.end(JSON.stringify(embeddingsOf(call.input, 4)));
    };
    expect(await embedder.embed(['x'], never)).toHaveLength(1);
    server.answer = (_call, _response, request) => request.socket.destroy();
    expect((await failure()).message).toMatch(/could not be reached/);
  });

  it('says that nobody listens', async () => {
    const gone = await startEmbeddingServer(4);
    await gone.close();
    const lost = new OpenAiEmbedder({ url: gone.url, model: 'hash', dimension: 4, key });
    await expect(lost.ready()).rejects.toMatchObject({
      code: 'embedder_unavailable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('bounds the requests in flight', async () => {
    server.answer = () => {};
    const abort = new AbortController();
    const held = Array.from({ length: limits.embedRequestsMax }, () => embedder.embed(['x'], abort.signal));
    const outcomes = Promise.allSettled(held);
    await expect(embedder.embed(['x'], never)).rejects.toMatchObject({ code: 'overloaded' });
    abort.abort(new Error('gone'));
    await outcomes;
    server.answer = null;
    expect(await embedder.embed(['x'], never)).toHaveLength(1);
  });
});
