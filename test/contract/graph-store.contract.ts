import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Relation } from '../../src/domain/document.ts';
import { limits } from '../../src/limits.ts';
import type { GraphHit, GraphStore } from '../../src/ports/graph-store.ts';
import { testSchema } from '../support/arbitraries.ts';
import { documentOf, type RecallSubject, TestCatalogue } from '../support/recall-subject.ts';

const directedBy = (...directors: string[]) => ({ facets: { directors } });
const tagged = (...tags: string[]) => ({ facets: { tags } });
const relatedTo = (id: string, strength: number, type = 'SEQUEL_OF'): { relations: Relation[] } => ({
  relations: [{ type, id, strength }],
});
const byUtf8 = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** What every graph must do: bounds, order and paths, never an engine's own numbers. */
export function graphStoreContract(
  name: string,
  open: () => RecallSubject<GraphStore> | Promise<RecallSubject<GraphStore>>,
): void {
  describe(`GraphStore contract: ${name}`, () => {
    let subject: RecallSubject<GraphStore>;
    beforeAll(async () => {
      subject = await open();
    });
    afterAll(() => subject.close());

    type Films = TestCatalogue<GraphStore>;
    const catalogue = (): Films => new TestCatalogue(subject, testSchema);
    const weighted = async (films: Films, seeds: Readonly<Record<string, number>>) => {
      const list = Object.entries(seeds).map(([id, weight]) => ({ id, weight }));
      const request = films.request();
      const { support } = await films.port.recall({ ...request, seeds: list });
      // A row is optional; one that is given must be the one that the epoch has.
      return support.map(({ row, ...hit }) => {
        expect(row ?? request.snapshot.rowOf(hit.id)).toBe(request.snapshot.rowOf(hit.id));
        return hit;
      });
    };
    const recall = (films: Films, ...ids: string[]) =>
      weighted(films, Object.fromEntries(ids.map((id) => [id, 1])));
    const related = (films: Films, id: string, limit = 10) =>
      films.port.relationships({ ...films.request(limit), ids: [id] }).then(([list]) => list!);
    const strengthOf = (support: readonly GraphHit[], id: string) =>
      support.find((hit) => hit.id === id)?.strength ?? 0;

    it('recalls documents that share a value with a seed, and says which', async () => {
      const films = catalogue();
      await films.put(
        documentOf('1', directedBy('Kubrick', 'Other')),
        documentOf('2', directedBy('Kubrick')),
        documentOf('3', directedBy('Scott')),
      );
      const support = await recall(films, '1');
      expect(support).toEqual([
        {
          id: '2',
          strength: expect.any(Number),
          path: [
            {
              type: 'SIMILAR_TO',
              from: '1',
              to: '2',
              strength: support[0]!.strength,
              shared: [{ facet: 'directors', values: ['Kubrick'] }],
            },
          ],
        },
      ]);
    });

    it('counts several shared values more than one, a rare one more than a common one', async () => {
      const films = catalogue();
      await films.put(
        documentOf('seed', tagged('rare', 'both', 'common')),
        documentOf('two', tagged('both', 'rare')),
        documentOf('one', tagged('both')),
        ...Array.from({ length: 30 }, (_, i) => documentOf(`x${i}`, tagged('common'))),
      );
      const support = await recall(films, 'seed');
      expect(support[0]!.id).toBe('two');
      expect(strengthOf(support, 'two')).toBeGreaterThan(strengthOf(support, 'one'));
      expect(strengthOf(support, 'one')).toBeGreaterThan(Math.max(strengthOf(support, 'x0'), 1e-9));
    });

    it('follows declared relations in both directions', async () => {
      const films = catalogue();
      await films.put(documentOf('1'), documentOf('2', relatedTo('1', 0.75)));
      const step = { type: 'SEQUEL_OF', strength: 0.75 };
      expect(await recall(films, '1')).toEqual([
        { id: '2', strength: 0.75, path: [{ ...step, from: '1', to: '2' }] },
      ]);
      expect(await recall(films, '2')).toEqual([
        { id: '1', strength: 0.75, path: [{ ...step, from: '2', to: '1' }] },
      ]);
    });

    it('goes two steps, for less than either step is worth, and no further', async () => {
      const films = catalogue();
      await films.put(
        documentOf('1'),
        documentOf('2', relatedTo('1', 0.8)),
        documentOf('3', relatedTo('2', 0.8)),
        documentOf('4', relatedTo('3', 0.8)),
      );
      const support = await recall(films, '1');
      expect(support.map(({ id }) => id)).toEqual(['2', '3']);
      expect(support[1]!.strength).toBeLessThan(0.8 * 0.8 + 1e-9);
      expect(support[1]!.strength).toBeGreaterThan(0);
      expect(support[1]!.path.map(({ from, to }) => [from, to])).toEqual([
        ['1', '2'],
        ['2', '3'],
      ]);
    });

    it('adds up seeds by their weights and never returns a seed', async () => {
      const films = catalogue();
      await films.put(
        documentOf('a', relatedTo('x', 0.5)),
        documentOf('b', { relations: [...relatedTo('x', 0.5).relations, ...relatedTo('a', 0.9).relations] }),
        documentOf('x'),
      );
      const one = strengthOf(await recall(films, 'a'), 'x');
      const both = await recall(films, 'a', 'b');
      expect(both.map(({ id }) => id)).toEqual(['x']);
      expect(both[0]!.strength).toBeGreaterThan(one);
      expect(both[0]!.strength).toBeLessThanOrEqual(1);
      const light = strengthOf(await weighted(films, { a: 1, b: 0.1 }), 'x');
      expect(light).toBeGreaterThan(strengthOf(await weighted(films, { a: 0.1, b: 0.1 }), 'x'));
      expect(light).toBeLessThan(both[0]!.strength);
      expect(strengthOf(await weighted(films, { a: 0 }), 'x')).toBe(0);
    });

    it('ignores seeds that do not exist', async () => {
      const films = catalogue();
      await films.put(documentOf('1', relatedTo('2', 0.5)), documentOf('2'));
      expect(await recall(films, 'unknown')).toEqual([]);
      expect(await recall(films, 'unknown', '1')).toEqual(await recall(films, '1'));
      expect(await recall(films)).toEqual([]);
    });

    it('follows nothing that connects more documents than the bound', async () => {
      const films = catalogue();
      const count = limits.relationDegreeMax + 1;
      await films.put(
        documentOf('hub', tagged('rare')),
        documentOf('rare', tagged('rare')),
        ...Array.from({ length: count }, (_, i) =>
          documentOf(`d${i}`, { ...relatedTo('hub', 1), ...tagged('common') }),
        ),
      );
      expect((await recall(films, 'hub')).map(({ id }) => id)).toEqual(['rare']);
      expect(await recall(films, 'd0')).toEqual([
        expect.objectContaining({ id: 'hub', strength: 1 }),
        expect.objectContaining({ id: 'rare' }),
      ]);
    });

    it('orders by strength, then by id in UTF-8 order, and bounds the support', async () => {
      const films = catalogue();
      const ids = ['b', 'a', '10', '9', '\u{1F600}', '\uFF5E', 'é'];
      await films.put(documentOf('seed'), ...ids.map((id) => documentOf(id, relatedTo('seed', 0.5))));
      await films.put(documentOf('zz', relatedTo('seed', 0.6)));
      const support = await recall(films, 'seed');
      expect(support.map(({ id }) => id)).toEqual(['zz', ...[...ids].sort(byUtf8)]);

      const many = catalogue();
      const seeds = Array.from({ length: limits.likeIdsMax }, (_, i) => `s${i}`);
      await many.put(
        ...seeds.map((id) => documentOf(id)),
        ...seeds.flatMap((seed) =>
          Array.from({ length: 30 }, (_, i) => documentOf(`${seed}-${i}`, relatedTo(seed, 0.5))),
        ),
      );
      expect((await recall(many, ...seeds)).length).toBe(limits.graphSupportMax);
      const tooMany = recall(many, ...seeds, 'one more');
      await expect(tooMany).rejects.toMatchObject({ code: 'invalid_request', fields: [{ path: 'seeds' }] });
    });

    it('lists direct relations of each id, strongest first, to documents that exist', async () => {
      const films = catalogue();
      const relations = [
        { type: 'SEQUEL_OF', id: '2', strength: 0.9 },
        { type: 'REMAKE_OF', id: '3', strength: 0.01 },
        { type: 'SEQUEL_OF', id: 'missing', strength: 1 },
      ];
      await films.put(
        documentOf('1', { relations, ...directedBy('Kubrick') }),
        documentOf('2'),
        documentOf('3', directedBy('Kubrick')),
      );
      const list = await related(films, '1');
      expect(list.map(({ type, id }) => `${type} ${id}`)).toEqual([
        'SEQUEL_OF 2',
        'SIMILAR_TO 3',
        'REMAKE_OF 3',
      ]);
      for (const { strength } of list) {
        expect(strength).toBeGreaterThan(0);
        expect(strength).toBeLessThanOrEqual(1);
      }
      expect(await related(films, '1', 1)).toEqual(list.slice(0, 1));
      const lists = await films.port.relationships({ ...films.request(10), ids: ['unknown', '1'] });
      expect(lists).toEqual([[], list]);
    });

    it('follows replaced and deleted documents', async () => {
      const films = catalogue();
      await films.put(
        documentOf('1', directedBy('Kubrick')),
        documentOf('2', directedBy('Kubrick')),
        documentOf('3', relatedTo('1', 0.5)),
      );
      expect((await recall(films, '1')).map(({ id }) => id).sort()).toEqual(['2', '3']);
      await films.put(documentOf('2', { ...directedBy('Scott'), version: 2 }));
      expect((await recall(films, '1')).map(({ id }) => id)).toEqual(['3']);
      await films.delete('3');
      expect(await recall(films, '1')).toEqual([]);
      await films.put(documentOf('3', { ...directedBy('Scott'), version: 3 }));
      expect((await recall(films, '3')).map(({ id }) => id)).toEqual(['2']);
      expect((await related(films, '3')).map(({ id }) => id)).toEqual(['2']);
    });

    it('sees a relation whose far end comes later', async () => {
      const films = catalogue();
      await films.put(documentOf('1', relatedTo('2', 0.5)));
      expect(await recall(films, '1')).toEqual([]);
      await films.put(documentOf('2'));
      expect((await recall(films, '1')).map(({ id }) => id)).toEqual(['2']);
      expect((await recall(films, '2')).map(({ id }) => id)).toEqual(['1']);
    });

    it('keeps tenants apart', async () => {
      const [mine, theirs] = [catalogue(), catalogue()];
      await mine.put(documentOf('1', directedBy('Kubrick')), documentOf('2', directedBy('Kubrick')));
      await theirs.put(documentOf('1', directedBy('Kubrick')), documentOf('3', directedBy('Kubrick')));
      expect((await recall(mine, '1')).map(({ id }) => id)).toEqual(['2']);
      expect((await related(theirs, '1')).map(({ id }) => id)).toEqual(['3']);
    });

    it('does not start when nobody waits any more', async () => {
      const films = catalogue();
      await films.put(documentOf('1'));
      const signal = AbortSignal.abort(new Error('gone'));
      await expect(films.port.recall({ ...films.request(), signal, seeds: [] })).rejects.toThrow('gone');
      await expect(films.port.relationships({ ...films.request(1), ids: ['1'], signal })).rejects.toThrow(
        'gone',
      );
    });
  });
}
