import { setMaxListeners } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dot, norm } from '../../src/domain/vector.ts';
import { limits } from '../../src/limits.ts';
import type { Embedder } from '../../src/ports/embedder.ts';

const never = new AbortController().signal;
// All the calls of this file listen on it.
setMaxListeners(0, never);

/** What every embedder promises. `open` gives a fresh one and how to end what it needs. */
export function embedderContract(
  name: string,
  open: () => Promise<{ embedder: Embedder; end: () => Promise<void> }>,
): void {
  describe(`embedder contract: ${name}`, () => {
    let embedder: Embedder;
    let end: () => Promise<void>;

    beforeAll(async () => {
      ({ embedder, end } = await open());
      await embedder.ready();
    });
    afterAll(async () => {
      await embedder.close();
      await end();
    });

    it('gives one unit vector per text, in order', async () => {
      const texts = ['a robot in space', 'two friends on a road trip', 'a robot in space'];
      const vectors = await embedder.embed(texts, never);
      expect(vectors).toHaveLength(3);
      for (const vector of vectors) {
        expect(vector).toHaveLength(embedder.dimension);
        expect(norm(vector)).toBeCloseTo(1, 5);
      }
      expect(dot(vectors[0]!, vectors[2]!)).toBeCloseTo(1, 5);
      expect(dot(vectors[0]!, vectors[1]!)).toBeLessThan(0.95);
    });

    it('gives a text the same vector alone and in a batch', async () => {
      const texts = Array.from({ length: limits.embedBatchMax + 3 }, (_, i) =>
        `film ${i} about ${'old houses and ghosts '.repeat(i % 7)}`.trim(),
      );
      const together = await embedder.embed(texts, never);
      for (const i of [0, 1, 6, 20, limits.embedBatchMax + 2]) {
        const [alone] = await embedder.embed([texts[i]!], never);
        expect(largestDifference(alone!, together[i]!)).toBeLessThanOrEqual(1e-5);
      }
    });

    it('answers concurrent calls each with its own texts', async () => {
      const texts = Array.from({ length: 12 }, (_, i) => `concurrent text number ${i}`);
      const concurrent = await Promise.all(texts.map((text) => embedder.embed([text], never)));
      const together = await embedder.embed(texts, never);
      for (const [i, [vector]] of concurrent.entries())
        expect(largestDifference(vector!, together[i]!)).toBeLessThanOrEqual(1e-5);
    });

    it('has a unit vector for texts without content and for odd ones', async () => {
      const texts = [
        '',
        '   ',
        '日本語',
        '\u{1f600}\u{1f600}',
        '\ud800',
        '\n\t',
        'x'.repeat(limits.textCharsMax),
      ];
      for (const vector of await embedder.embed(texts, never)) expect(norm(vector)).toBeCloseTo(1, 5);
    });

    it('answers no texts with no vectors', async () => {
      expect(await embedder.embed([], never)).toEqual([]);
    });

    it('rejects an aborted call with its reason and answers the others', async () => {
      const reason = new Error('nobody waits any more');
      await expect(embedder.embed(['x'], AbortSignal.abort(reason))).rejects.toBe(reason);
      const abort = new AbortController();
      const stays = embedder.embed(['this one stays'], never);
      const leaves = embedder.embed(['this one leaves'], abort.signal);
      abort.abort(reason);
      await expect(leaves).rejects.toBe(reason);
      expect(await stays).toHaveLength(1);
    });

    it('refuses calls after close', async () => {
      const other = await open();
      await other.embedder.close();
      await other.embedder.close();
      await expect(other.embedder.embed(['x'], never)).rejects.toMatchObject({
        code: 'embedder_unavailable',
      });
      await expect(other.embedder.ready()).rejects.toMatchObject({ code: 'embedder_unavailable' });
      await other.end();
    });
  });
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
}
