import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { DocumentChange, Relation, StoredDocument } from '../../src/domain/document.ts';
import { recallSupport, type Seed } from '../../src/domain/graph-recall.ts';
import { SimilarityGraph } from '../../src/domain/similarity-graph.ts';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { IndexRequest } from '../../src/ports/recall.ts';
import type { CatalogueKey } from '../../src/ports/shared-index.ts';
import { documentArbitrary, idArbitrary, testSchema } from '../support/arbitraries.ts';
import { describeWithEngines } from '../support/engines.ts';
import { filmDocuments, filmsAvailable, filmsSchema } from '../support/films.ts';
import { hostileTexts } from '../support/hostile-texts.ts';
import { freshKey, neo4jDriver, neo4jOptions, openTestNeo4j } from '../support/neo4j-subject.ts';
import { Random } from '../support/random.ts';
import { documentOf } from '../support/recall-subject.ts';

const relation: fc.Arbitrary<Relation> = fc.record({
  type: fc.constantFrom('SEQUEL_OF', 'REMAKE_OF', 'a`b'),
  id: idArbitrary,
  strength: fc.constantFrom(0, 0.25, 0.3, 0.5, 1),
});
const related = fc
  .tuple(documentArbitrary, fc.array(relation, { maxLength: 4 }))
  .map(([document, relations]): StoredDocument => ({ ...document, relations }));
const change: fc.Arbitrary<DocumentChange> = fc.oneof(
  { weight: 4, arbitrary: related.map((document) => ({ kind: 'put' as const, document })) },
  { weight: 1, arbitrary: idArbitrary.map((id) => ({ kind: 'delete' as const, id, version: 1 })) },
);
/** What one call is given: ids are distinct within it. */
const batch = fc.uniqueArray(change, { selector: idOf, minLength: 1, maxLength: 12 });
const seedsArbitrary = fc.array(fc.record({ id: idArbitrary, weight: fc.constantFrom(0, 0.25, 0.5, 1, 2) }), {
  maxLength: 6,
});

function idOf(one: DocumentChange): string {
  return one.kind === 'put' ? one.document.id : one.id;
}

/** Every write is newer than all before, as in the truth. */
function withVersion(one: DocumentChange, version: number): DocumentChange {
  return one.kind === 'put' ? { kind: 'put', document: { ...one.document, version } } : { ...one, version };
}

describeWithEngines(['neo4j'], 'the graph in Neo4j', ({ neo4j }) => {
  const opened = openTestNeo4j(neo4jOptions(neo4j));
  const { graph, shared } = opened;
  const driver = neo4jDriver(neo4j);
  const keys: CatalogueKey[] = [];
  afterAll(async () => {
    for (const key of keys) await shared.drop(key);
    await opened.close();
    await driver.close();
  });

  async function prepared(schema: CatalogueSchema = testSchema): Promise<CatalogueKey> {
    const key = freshKey();
    keys.push(key);
    await shared.prepare(key.tenant, { schema, generation: key.generation });
    return key;
  }
  const request = ({ tenant, generation }: CatalogueKey) => {
    const snapshot = { epoch: { generation, checksum: 0n } } as IndexRequest['snapshot'];
    const { signal } = new AbortController();
    return { tenant, snapshot, timeoutMs: 10_000, signal, predicate: null, limit: 100 };
  };
  const recall = async (key: CatalogueKey, seeds: readonly Seed[]) => {
    const { support } = await graph.recall({ ...request(key), seeds });
    return support.map(({ id, strength, path }) => ({ id, strength, path }));
  };

  /** Strengths, order and paths bit for bit as the in-process graph of the same documents has them. */
  async function expectEqual(key: CatalogueKey, expected: SimilarityGraph, seeds: readonly Seed[]) {
    expect(await recall(key, seeds)).toEqual(recallSupport(expected, seeds));
    const ids = [...new Set(seeds.map(({ id }) => id))];
    const lists = await graph.relationships({ ...request(key), ids, limit: 10 });
    expect(lists).toEqual(ids.map((id) => expected.relationships(id, 10)));
  }

  it('answers as the graph in memory does, after any history', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { maxLength: 6 }), seedsArbitrary, async (batches, seeds) => {
        const key = await prepared();
        const expected = new SimilarityGraph(testSchema);
        let version = 1;
        for (const changes of batches) {
          const newer = changes.map((one) => withVersion(one, version));
          version++;
          await shared.apply(key, newer);
          expected.apply(newer);
        }
        await shared.settled();
        await expectEqual(key, expected, seeds);
        await shared.drop(key);
      }),
      { numRuns: 15 },
    );
  }, 240_000);

  it('keeps edges right where values cross the bound, and declared relations too', async () => {
    const key = await prepared();
    const expected = new SimilarityGraph(testSchema);
    const write = async (changes: readonly DocumentChange[]) => {
      for (let at = 0; at < changes.length; at += limits.sharedIndexBatchMax)
        await shared.apply(key, changes.slice(at, at + limits.sharedIndexBatchMax));
      expected.apply(changes);
      await shared.settled();
    };
    const seeds = ['d0', 'd1', 'hub'].map((id) => ({ id, weight: 1 }));
    const common = (i: number, version: number): DocumentChange => ({
      kind: 'put',
      document: documentOf(`d${i}`, {
        version,
        facets: { tags: ['common', `t${i % 7}`] },
        relations: [{ type: 'IN_SERIES', id: 'hub', strength: 0.5 }],
      }),
    });
    const all = Array.from({ length: limits.relationDegreeMax }, (_, i) => common(i, 1));
    await write([...all, { kind: 'put', document: documentOf('hub') }]);
    await expectEqual(key, expected, seeds);
    expect((await recall(key, [{ id: 'hub', weight: 1 }])).length).toBe(limits.relationDegreeMax);
    await write([common(limits.relationDegreeMax, 1)]);
    await expectEqual(key, expected, seeds);
    expect(await recall(key, [{ id: 'hub', weight: 1 }])).toEqual([]);
    await write([{ kind: 'delete', id: 'd50', version: 2 }]);
    await expectEqual(key, expected, seeds);
    await write([{ kind: 'delete', id: 'hub', version: 2 }]);
    await expectEqual(key, expected, seeds);
    await write([{ kind: 'put', document: documentOf('hub', { version: 3 }) }, common(50, 3)]);
    await expectEqual(key, expected, seeds);
  });

  it('is right after several writers wrote at once, whoever computes the edges', async () => {
    const key = await prepared();
    const others = Array.from({ length: 3 }, () => openTestNeo4j(neo4jOptions(neo4j)));
    const random = new Random('neo4j writers');
    const document = (id: number, version: number) =>
      documentOf(`d${id}`, {
        version,
        facets: {
          directors: [`D${random.integer(5)}`],
          tags: [`T${random.integer(9)}`, `T${random.integer(9)}`],
        },
        relations: [{ type: 'LINK', id: `d${random.integer(60)}`, strength: 0.5 }],
      });
    // Each writer has documents of its own, as the leases see to, over values that all of them share.
    const last = new Map<string, DocumentChange>();
    const changesOf = (writer: number, round: number) =>
      Array.from({ length: 10 }, (): DocumentChange => {
        const id = writer * 15 + random.integer(15);
        const isGone = random.integer(5) === 0;
        return isGone
          ? { kind: 'delete', id: `d${id}`, version: round }
          : { kind: 'put', document: document(id, round) };
      });
    await Promise.all(
      [opened, ...others].map(async ({ shared: writer }, w) => {
        for (let round = 1; round <= 4; round++) {
          const distinct = new Map(changesOf(w, round).map((one) => [idOf(one), one]));
          for (const [id, one] of distinct) last.set(id, one);
          await writer.apply(key, [...distinct.values()]);
        }
        await writer.settled();
      }),
    );
    const expected = new SimilarityGraph(testSchema);
    expected.apply([...last.values()]);
    for (let i = 0; i < 5; i++) {
      const seeds = Array.from({ length: 8 }, () => ({ id: `d${random.integer(60)}`, weight: 1 }));
      await expectEqual(key, expected, seeds);
    }
    for (const other of others) await other.close();
  });

  it('lets no late write undo a newer one, nor bring a deleted document back', async () => {
    const key = await prepared();
    const put = (id: string, version: number, director: string): DocumentChange => ({
      kind: 'put',
      document: documentOf(id, { version, facets: { directors: [director] } }),
    });
    await shared.apply(key, [put('1', 1, 'Kubrick'), put('2', 5, 'Kubrick'), put('3', 4, 'Kubrick')]);
    await shared.apply(key, [{ kind: 'delete', id: '3', version: 6 }]);
    await shared.apply(key, [
      put('2', 4, 'Scott'),
      put('3', 5, 'Kubrick'),
      { kind: 'delete', id: '1', version: 0 },
    ]);
    await shared.settled();
    expect((await recall(key, [{ id: '1', weight: 1 }])).map(({ id }) => id)).toEqual(['2']);
    expect(await shared.versions(key, null, 10)).toEqual([
      { id: '1', version: 1 },
      { id: '2', version: 5 },
    ]);
    await shared.apply(key, [put('3', 7, 'Kubrick')]);
    expect((await recall(key, [{ id: '1', weight: 1 }])).map(({ id }) => id)).toEqual(['2', '3']);
  });

  it('keeps the edges of the graph itself, for whoever looks at it', async () => {
    const key = await prepared();
    const expected = new SimilarityGraph(testSchema);
    const random = new Random('neo4j edges');
    const changes = Array.from(
      { length: 60 },
      (_, i): DocumentChange => ({
        kind: 'put',
        document: documentOf(`d${i}`, {
          facets: { directors: [`D${i % 2}`], tags: [`T${random.integer(9)}`] },
        }),
      }),
    );
    const later = changes
      .filter((_, i) => i % 3 === 0)
      .map(
        (one, i): DocumentChange =>
          i % 2 === 0 ? { kind: 'delete', id: idOf(one), version: 2 } : withVersion(one, 2),
      );
    for (const some of [changes, later]) {
      await shared.apply(key, some);
      expected.apply(some);
    }
    await shared.settled();
    const { records } = await driver.executeQuery(
      `MATCH (a:TriptychDocument {tenant: $tenant})-[s:SIMILAR_TO]->(b)
       RETURN a.id AS a, b.id AS b, s.strength AS strength`,
      { tenant: key.tenant },
    );
    const kept = records.map((record) => `${record.get('a')} ${record.get('b')} ${record.get('strength')}`);
    const wanted = changes.flatMap((one) => {
      const slot = expected.slotOf(idOf(one));
      if (slot < 0) return [];
      return expected
        .similar(slot)
        .map((edge) => `${idOf(one)} ${expected.idOf(edge.slot)} ${edge.strength}`);
    });
    expect(kept.sort()).toEqual(wanted.sort());
    expect(kept.length).toBeGreaterThan(300);
  });

  it('takes ids, values and relation types that try to mean something for what they are', async () => {
    const key = await prepared();
    const theirs = await prepared();
    await shared.apply(theirs, [{ kind: 'put', document: documentOf('mine', { facets: { tags: ['x'] } }) }]);
    const texts = [...hostileTexts()].filter((id) => id !== '.' && id !== '..').slice(0, 300);
    const expected = new SimilarityGraph(testSchema);
    const documents = texts.map((text, i) =>
      documentOf(text, {
        facets: { tags: [text, texts[(i + 1) % texts.length]!] },
        relations: [{ type: text.slice(0, 64), id: texts[(i + 7) % texts.length]!, strength: 0.5 }].filter(
          ({ id }) => id !== text,
        ),
      }),
    );
    const changes = documents.map((document): DocumentChange => ({ kind: 'put', document }));
    for (let at = 0; at < changes.length; at += 100) await shared.apply(key, changes.slice(at, at + 100));
    await shared.settled();
    expected.apply(changes);
    for (let at = 0; at < texts.length; at += 50)
      await expectEqual(
        key,
        expected,
        texts.slice(at, at + 50).map((id) => ({ id, weight: 1 })),
      );
    expect(await shared.versions(theirs, null, 10)).toEqual([{ id: 'mine', version: 1 }]);
  });

  it('computes what a process that ended has left', async () => {
    const key = await prepared();
    // It looks for what others left when it prepares, which must not be what comes next.
    await shared.settled();
    const dying = openTestNeo4j(neo4jOptions(neo4j));
    const call = dying.workCaller.call.bind(dying.workCaller);
    dying.workCaller.call = (one, attempt) =>
      one.operation === 'refresh'
        ? Promise.reject(new TriptychError('unavailable', 'the process ends here'))
        : call(one, attempt);
    const changes = ['1', '2'].map(
      (id): DocumentChange => ({
        kind: 'put',
        document: documentOf(id, { facets: { directors: ['Kubrick'] } }),
      }),
    );
    await dying.shared.apply(key, changes);
    await dying.close();
    expect(await recall(key, [{ id: '1', weight: 1 }])).toEqual([]);
    await shared.prepare(key.tenant, { schema: testSchema, generation: key.generation });
    await shared.settled();
    expect((await recall(key, [{ id: '1', weight: 1 }])).map(({ id }) => id)).toEqual(['2']);
  });

  it('forgets deletions after their time, and what nobody points to any more', async () => {
    const key = await prepared();
    const nodes = async () => {
      const { records } = await driver.executeQuery(
        'MATCH (d:TriptychDocument {tenant: $tenant}) RETURN d.id AS id ORDER BY id',
        { tenant: key.tenant },
      );
      return records.map((record) => record.get('id') as string);
    };
    const put = (id: string, version: number, to: string[] = []): DocumentChange => ({
      kind: 'put',
      document: documentOf(id, {
        version,
        facets: { directors: ['Kubrick'] },
        relations: to.map((end) => ({ type: 'LINK', id: end, strength: 0.5 })),
      }),
    });
    await shared.apply(key, [put('1', 1, ['gone', 'never']), put('gone', 1), put('gone too', 1)]);
    await shared.apply(
      key,
      ['gone', 'gone too'].map((id) => ({ kind: 'delete', id, version: 2 })),
    );
    expect(await nodes()).toEqual(['1', 'gone', 'gone too', 'never']);
    const later: Clock = {
      ...systemClock,
      epochMs: () => Date.now() + (limits.tombstoneHours + 1) * 3_600_000,
    };
    const tomorrow = openTestNeo4j(neo4jOptions(neo4j), undefined, later);
    await tomorrow.shared.apply(key, [put('2', 1)]);
    expect(await nodes()).toEqual(['1', '2', 'gone', 'never']);
    // The end of a relation keeps its place until the relation goes.
    await shared.apply(key, [put('1', 2)]);
    await tomorrow.close();
    const dayAfter = openTestNeo4j(neo4jOptions(neo4j), undefined, later);
    await dayAfter.shared.apply(key, [put('2', 2)]);
    await dayAfter.close();
    expect(await nodes()).toEqual(['1', '2']);
  });

  it('answers for another tenant, and another generation, with nothing of this one', async () => {
    const [mine, theirs] = [await prepared(), await prepared()];
    const documents = (director: string) =>
      ['1', '2', '3'].map(
        (id): DocumentChange => ({
          kind: 'put',
          document: documentOf(id, {
            facets: { directors: [director] },
            relations: id === '3' ? [{ type: 'LINK', id: `${director}-only`, strength: 1 }] : [],
          }),
        }),
      );
    await shared.apply(mine, [...documents('A'), { kind: 'put', document: documentOf('A-only') }]);
    await shared.apply(theirs, documents('A').slice(0, 2));
    const seeds = [{ id: '1', weight: 1 }];
    expect((await recall(mine, seeds)).map(({ id }) => id)).toEqual(['2', '3', 'A-only']);
    expect((await recall(theirs, seeds)).map(({ id }) => id)).toEqual(['2']);
    expect(await recall({ ...mine, generation: 2 }, seeds)).toEqual([]);
    expect(await recall(freshKey(), seeds)).toEqual([]);
    const lists = await graph.relationships({ ...request(theirs), ids: ['3', 'A-only'], limit: 5 });
    expect(lists).toEqual([[], []]);
  });

  describe.skipIf(!filmsAvailable())('with 2,512 films', () => {
    const schema = filmsSchema().schema;
    const documents = filmsAvailable() ? filmDocuments() : [];
    const expected = new SimilarityGraph(schema);
    let key: CatalogueKey;
    beforeAll(async () => {
      key = await prepared(schema);
      const changes = documents.map(
        (document): DocumentChange => ({
          kind: 'put',
          document: { ...document, version: 1, embedding: new Float32Array(0) },
        }),
      );
      for (let at = 0; at < changes.length; at += 100) await shared.apply(key, changes.slice(at, at + 100));
      expected.apply(changes);
      await shared.settled();
    });

    it('recalls from 1 to 50 seeds what the graph in memory does', async () => {
      const random = new Random('neo4j films');
      for (const count of [1, 2, 10, 30, 50]) {
        const seeds = Array.from({ length: count }, () => ({
          id: documents[random.integer(documents.length)]!.id,
          weight: random.next(),
        }));
        await expectEqual(key, expected, seeds);
      }
    });

    it('gives the relations of 300 films in one call', async () => {
      const ids = documents.slice(0, 300).map(({ id }) => id);
      const lists = await graph.relationships({ ...request(key), ids, limit: 10 });
      expect(lists).toEqual(ids.map((id) => expected.relationships(id, 10)));
    });
  });
});
