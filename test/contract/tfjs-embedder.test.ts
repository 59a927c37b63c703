import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { SentenceEncoder } from '../../src/adapters/tfjs/sentence-encoder.ts';
import { TfjsEmbedder } from '../../src/adapters/tfjs/tfjs-embedder.ts';
import { dimension, tokensMax } from '../../src/adapters/tfjs/use-lite.ts';
import { dot } from '../../src/domain/vector.ts';
import { limits } from '../../src/limits.ts';
import { filmsAvailable, readFilms } from '../support/films.ts';
import { embedderContract } from './embedder.contract.ts';

const never = new AbortController().signal;

embedderContract('tfjs', async () => ({ embedder: new TfjsEmbedder(), end: async () => {} }));

describe('sentence encoder', () => {
  it.skipIf(!filmsAvailable())('reproduces recorded vectors of title and overview', async () => {
    const encoder = await SentenceEncoder.load();
    for (const film of readFilms().filter((_, i) => i % 300 === 0)) {
      const vector = await encoder.encode([`${film.title}. ${film.overview}`]);
      expect(dot(vector, film.embedding)).toBeGreaterThan(0.9999);
    }
  });

  it('keeps its number of tensors over 200 calls', async () => {
    const encoder = await SentenceEncoder.load();
    await encoder.encode(['warm']);
    const before = encoder.tensorCount;
    for (let i = 0; i < 200; i++) await encoder.encode([`call ${i}`]);
    expect(encoder.tensorCount).toBe(before);
  });

  it('cuts where the model stops reading', async () => {
    const encoder = await SentenceEncoder.load();
    const long = 'the old man walks to the sea and '.repeat(60);
    expect(encoder.tokens(long)).toHaveLength(tokensMax);
    const head = long.slice(0, 1_200);
    const [a, b] = [await encoder.encode([long]), await encoder.encode([head])];
    expect(dot(a, b)).toBeGreaterThan(0.99999);
  });
});

describe('tfjs embedder when its worker fails', () => {
  let embedder: TfjsEmbedder | undefined;
  afterEach(() => embedder?.close());

  /** A worker that answers like the real one, but throws on the text `crash` and never answers `hang`. */
  const fake = `
    const { parentPort } = require('node:worker_threads');
    parentPort.on('message', ({ texts }) => {
      if (texts.includes('crash')) throw new Error('crashed on purpose');
      if (texts.includes('hang')) return;
      const vectors = new Float32Array(texts.length * ${dimension});
      texts.forEach((text, i) => { vectors[i * ${dimension} + (text.length % ${dimension})] = 1; });
      parentPort.postMessage({ kind: 'vectors', rows: [...texts.keys()], vectors });
    });
    parentPort.postMessage({ kind: 'ready' });
  `;
  const startFake = () => new Worker(fake, { eval: true });

  it('fails the calls in the batch, keeps those that wait, and starts again', async () => {
    embedder = new TfjsEmbedder(startFake);
    await embedder.ready();
    const crashes = embedder.embed(['crash'], never);
    const waits = embedder.embed(['four'], never);
    await expect(crashes).rejects.toMatchObject({ code: 'embedder_unavailable', retriable: true });
    expect((await waits)[0]![4]).toBe(1);
  });

  it('lets calls take turns: a short text does not wait for a long list before it', async () => {
    embedder = new TfjsEmbedder(startFake);
    await embedder.ready();
    const order: string[] = [];
    const texts = Array.from({ length: 200 }, () => 'long '.repeat(60));
    const list = embedder.embed(texts, never).then(() => order.push('list'));
    const query = embedder.embed(['query'], never).then(() => order.push('query'));
    await Promise.all([list, query]);
    expect(order).toEqual(['query', 'list']);
  });

  it('gives up after limits.embedRestartsMax failures in a row, with the cause', async () => {
    let starts = 0;
    embedder = new TfjsEmbedder(() => {
      starts++;
      return new Worker('throw new Error("the model is not installed")', { eval: true });
    });
    const waiting = embedder.embed(['x'], never);
    await expect(waiting).rejects.toMatchObject({
      code: 'embedder_unavailable',
      message: expect.stringContaining('the model is not installed'),
    });
    await expect(embedder.ready()).rejects.toMatchObject({ code: 'embedder_unavailable' });
    await expect(embedder.embed(['x'], never)).rejects.toMatchObject({ code: 'embedder_unavailable' });
    expect(starts).toBe(limits.embedRestartsMax + 1);
  });

  it('bounds the queue, and an aborted text leaves it', async () => {
    embedder = new TfjsEmbedder(startFake);
    await embedder.ready();
    const abort = new AbortController();
    const held = embedder.embed(['hang'], abort.signal);
    const full = embedder.embed(new Array(limits.embedQueueMax).fill('x'), abort.signal);
    await expect(embedder.embed(['one more'], never)).rejects.toMatchObject({ code: 'overloaded' });
    abort.abort(new Error('gone'));
    await expect(held).rejects.toThrow('gone');
    await expect(full).rejects.toThrow('gone');
    const fits = expect(embedder.embed(['fits again'], never)).rejects.toMatchObject({
      code: 'embedder_unavailable',
    });
    await embedder.close();
    await fits;
  });
});
