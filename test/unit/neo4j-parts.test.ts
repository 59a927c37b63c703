import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { documentDifference, touchesEdges } from '../../src/adapters/neo4j/document-difference.ts';
import { EdgeBook, type FetchedDocument } from '../../src/adapters/neo4j/edge-book.ts';
import { edgesOf } from '../../src/adapters/neo4j/edge-computation.ts';
import { FetchedGraph } from '../../src/adapters/neo4j/fetched-graph.ts';
import { errorOfNeo4j } from '../../src/adapters/neo4j/neo4j-errors.ts';
import { packEdges, similarPairs, unpackDeclared } from '../../src/adapters/neo4j/packed-edges.ts';
import type { Relation, StoredDocument } from '../../src/domain/document.ts';
import { recallSupport } from '../../src/domain/graph-recall.ts';
import { rarity } from '../../src/domain/shared-values.ts';
import { SimilarityGraph } from '../../src/domain/similarity-graph.ts';
import { TriptychError } from '../../src/errors.ts';
import { documentArbitrary, idArbitrary, testSchema } from '../support/arbitraries.ts';
import { documentOf } from '../support/recall-subject.ts';

const relation: fc.Arbitrary<Relation> = fc.record({
  type: fc.constantFrom('SEQUEL_OF', 'REMAKE_OF'),
  id: idArbitrary,
  strength: fc.constantFrom(0, 0.1, 0.25, 0.5, 1),
});
const documents = fc.uniqueArray(
  fc
    .tuple(documentArbitrary, fc.array(relation, { maxLength: 4 }))
    .map(([document, relations]): StoredDocument => ({ ...document, relations })),
  { selector: ({ id }) => id, maxLength: 30 },
);
const seeds = fc.array(fc.record({ id: idArbitrary, weight: fc.constantFrom(0, 0.5, 1) }), { maxLength: 6 });

function graphOf(all: readonly StoredDocument[]): SimilarityGraph {
  const graph = new SimilarityGraph(testSchema);
  graph.apply(all.map((document) => ({ kind: 'put', document })));
  return graph;
}

function packedOf(graph: SimilarityGraph, id: string): FetchedDocument {
  const slot = graph.slotOf(id);
  return { id, ...packEdges(graph.similar(slot), graph.declared(slot)) };
}

describe('FetchedGraph', () => {
  it('gives bit for bit what the whole graph gives, from the seeds and what is next to them', () => {
    // One for all: what was unpacked of an earlier state must not show.
    const book = new EdgeBook();
    fc.assert(
      fc.property(documents, seeds, (all, chosen) => {
        const graph = graphOf(all);
        const known = chosen.map(({ id }) => graph.slotOf(id)).filter((slot) => slot >= 0);
        const near = known.flatMap((slot) => [slot, ...graph.edges(slot).map((edge) => edge.slot)]);
        const fetched = [...new Set(near)].map((slot) => packedOf(graph, graph.idOf(slot)));
        const support = recallSupport(new FetchedGraph(book, fetched), chosen);
        expect(support).toEqual(recallSupport(graph, chosen));
      }),
    );
  });

  it('knows nothing of documents that were not fetched', () => {
    const graph = graphOf([
      documentOf('1', { facets: { tags: ['x'] } }),
      documentOf('2', { facets: { tags: ['x'] } }),
    ]);
    const fetched = new FetchedGraph(new EdgeBook(), [packedOf(graph, '1')]);
    const [edge] = fetched.edges(fetched.slotOf('1'));
    expect(fetched.idOf(edge!.slot)).toBe('2');
    expect([fetched.slotOf('2'), fetched.slotOf('3')]).toEqual([-1, -1]);
    // Nor are ids kept that anybody may ask for.
    expect(fetched.idOf(edge!.slot + 1)).toBeUndefined();
    expect(fetched.edges(edge!.slot)).toEqual([]);
  });
});

describe('edgesOf', () => {
  it('computes from what is around documents what the whole graph says of them', () => {
    fc.assert(
      fc.property(documents, fc.nat(), (all, some) => {
        const graph = graphOf(all);
        const ids = all.map(({ id }) => id).filter((_, i) => (some >> (i % 31)) % 2 === 0);
        const live = new Set(all.map(({ id }) => id));
        const members = testSchema.relations.flatMap(({ facet }) => {
          const values = new Set(all.flatMap((document) => document.facets[facet] ?? []));
          return [...values].map((value) => ({
            facet,
            value,
            ids: all.filter((document) => document.facets[facet]?.includes(value)).map(({ id }) => id),
          }));
        });
        const declared = ids.map((id) => ({
          id,
          outgoing: all
            .find((document) => document.id === id)!
            .relations.filter((one) => live.has(one.id) && one.id !== id && one.strength > 0)
            .map((one) => [one.type, one.id, one.strength] as const),
          incoming: all.flatMap((source) =>
            source.relations
              .filter((one) => one.id === id && source.id !== id && one.strength > 0)
              .map((one) => [one.type, source.id, one.strength] as const),
          ),
        }));
        const edges = edgesOf(testSchema.relations, ids, members, declared);
        for (const id of ids) expect({ id, ...edges.get(id) }).toEqual(packedOf(graph, id));
      }),
    );
  });
});

describe('packed edges', () => {
  it('keep ids, strengths to the last bit and types', () => {
    const graph = graphOf([
      documentOf('a"\\', { facets: { tags: ['\u{1F600}', "'"], directors: ['D'] } }),
      documentOf('b', {
        facets: { tags: ['\u{1F600}', "'"], directors: ['D'] },
        relations: [{ type: 'a`b', id: 'a"\\', strength: 0.1 + 0.2 }],
      }),
    ]);
    const packed = packedOf(graph, 'b');
    const [similar] = graph.similar(graph.slotOf('b'));
    expect(similarPairs(packed)).toEqual([['a"\\', similar!.strength]]);
    expect(unpackDeclared(packed)).toEqual([['a"\\', 0.1 + 0.2, 'a`b']]);
    expect(packEdges([], [])).toEqual({ similar: null, shared: null, declared: null });
    expect(rarity(2)).toBe(1);
  });
});

describe('documentDifference', () => {
  const put = (version: number, content: Partial<StoredDocument> = {}) => ({
    kind: 'put' as const,
    document: documentOf('d', { version, ...content }),
  });
  const present = {
    id: 'd',
    version: 3,
    live: true,
    values: [['directors', 'A'] as const, ['tags', 'x'] as const],
    relations: [['LINK', 'e', 0.5] as const],
  };
  const { relations } = testSchema;

  it('is null for what is older than the graph, live or deleted', () => {
    expect(documentDifference(put(2), present, relations)).toBeNull();
    expect(documentDifference({ kind: 'delete', id: 'd', version: 2 }, present, relations)).toBeNull();
    const gone = { ...present, live: false, values: [], relations: [] };
    expect(documentDifference(put(2), gone, relations)).toBeNull();
    expect(documentDifference(put(3), present, relations)).not.toBeNull();
  });

  it('is nothing when a write is repeated, or touches what the graph does not keep', () => {
    const same = put(4, {
      title: 'new',
      facets: { directors: ['A', 'A'], tags: ['x'], genres: ['not a relation'] },
      relations: [
        { type: 'LINK', id: 'e', strength: 0.5 },
        { type: 'LINK', id: 'e', strength: 0.2 },
        { type: 'LINK', id: 'd', strength: 1 },
        { type: 'LINK', id: 'f', strength: 0 },
      ],
    });
    const difference = documentDifference(same, present, relations)!;
    expect(difference.version).toBe(4);
    expect(touchesEdges(difference)).toBe(false);
  });

  it('names what is lost and gained, and whether the document appears or goes', () => {
    const changed = put(4, {
      facets: { directors: ['B'], tags: ['x'] },
      relations: [{ type: 'LINK', id: 'e', strength: 0.6 }],
    });
    expect(documentDifference(changed, present, relations)).toEqual({
      ...{ id: 'd', version: 4, live: true, turns: false },
      lostValues: [['directors', 'A']],
      gainedValues: [['directors', 'B']],
      lostRelations: [['LINK', 'e', 0.5]],
      gainedRelations: [['LINK', 'e', 0.6]],
    });
    const gone = documentDifference({ kind: 'delete', id: 'd', version: 4 }, present, relations)!;
    expect([gone.live, gone.turns, gone.lostValues.length, gone.lostRelations.length]).toEqual([
      false,
      true,
      2,
      1,
    ]);
    expect(documentDifference(put(1), undefined, relations)!.turns).toBe(true);
    const placeholder = { id: 'd', version: 0, live: false, values: [], relations: [] };
    expect(documentDifference(put(1), placeholder, relations)!.turns).toBe(true);
  });
});

describe('errors of Neo4j', () => {
  const thrown = (code: string, message = 'secret words') => Object.assign(new Error(message), { code });

  it.each([
    ['ServiceUnavailable', 'x', 'unavailable'],
    ['SessionExpired', 'x', 'unavailable'],
    ['N/A', 'Connection acquisition timed out in 100 ms.', 'unavailable'],
    ['N/A', 'Pool is closed', 'unavailable'],
    ['Neo.ClientError.Security.Unauthorized', 'x', 'unavailable'],
    ['Neo.TransientError.Transaction.DeadlockDetected', 'x', 'unavailable'],
    ['Neo.ClientError.Statement.SyntaxError', 'x', 'unavailable'],
    ['Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration', 'x', 'deadline_exceeded'],
    ['Neo.ClientError.Statement.ArgumentError', 'x', 'invalid_document'],
    [
      'Neo.DatabaseError.Statement.ExecutionFailed',
      'Property value is too large to index',
      'invalid_document',
    ],
  ])('%s (%s) is %s', (code, message, expected) => {
    const cause = thrown(code, message);
    const error = errorOfNeo4j(cause);
    expect(error.code).toBe(expected);
    expect(error.cause).toBe(cause);
    expect(error.message).not.toContain('secret');
  });

  it('leaves errors of the service as they are, and takes anything', () => {
    const own = new TriptychError('invalid_request', 'x');
    expect(errorOfNeo4j(own)).toBe(own);
    expect(errorOfNeo4j('text').code).toBe('unavailable');
    expect(errorOfNeo4j(new Error('plain')).code).toBe('unavailable');
  });
});
