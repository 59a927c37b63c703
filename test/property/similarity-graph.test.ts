import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DocumentChange, Relation, StoredDocument } from '../../src/domain/document.ts';
import { recallSupport, type SupportedDocument } from '../../src/domain/graph-recall.ts';
import { rarity } from '../../src/domain/shared-values.ts';
import { SimilarityGraph } from '../../src/domain/similarity-graph.ts';
import { limits } from '../../src/limits.ts';
import { documentArbitrary, idArbitrary, testSchema } from '../support/arbitraries.ts';
import { ReferenceGraph } from '../support/graph-reference.ts';
import { liveDocuments } from '../support/live-documents.ts';
import { Random } from '../support/random.ts';
import { documentOf } from '../support/recall-subject.ts';

const relation: fc.Arbitrary<Relation> = fc.record({
  type: fc.constantFrom('SEQUEL_OF', 'REMAKE_OF', 'SIMILAR_TO'),
  id: idArbitrary,
  strength: fc.constantFrom(0, 0.25, 0.5, 1),
});
const related = fc
  .tuple(documentArbitrary, fc.array(relation, { maxLength: 4 }))
  .map(([document, relations]): StoredDocument => ({ ...document, relations }));
const change: fc.Arbitrary<DocumentChange> = fc.oneof(
  { weight: 4, arbitrary: related.map((document) => ({ kind: 'put' as const, document })) },
  { weight: 1, arbitrary: idArbitrary.map((id) => ({ kind: 'delete' as const, id, version: 9 })) },
);
const seeds = fc.array(fc.record({ id: idArbitrary, weight: fc.constantFrom(0, 0.25, 0.5, 1, 2) }), {
  maxLength: 6,
});

/** Same documents and strengths; the order must hold wherever strengths differ by more than rounding. */
function expectSupport(got: readonly SupportedDocument[], wanted: readonly SupportedDocument[]): void {
  const reference = new Map(wanted.map((document) => [document.id, document]));
  expect(new Set(got.map(({ id }) => id))).toEqual(new Set(reference.keys()));
  for (const [i, { id, strength, path }] of got.entries()) {
    const same = reference.get(id)!;
    expect(strength).toBeCloseTo(same.strength, 12);
    expect(strength).toBeCloseTo(wanted[i]!.strength, 12);
    expect(path.map(({ to }) => to)).toEqual(same.path.map(({ to }) => to));
    for (const [place, step] of path.entries()) {
      expect(step).toEqual({ ...same.path[place], strength: expect.closeTo(same.path[place]!.strength, 12) });
    }
  }
}

describe('SimilarityGraph', () => {
  it('recalls and relates what the formulas say of the live documents, after any history', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), seeds, fc.nat(40), (changes, chosen, turn) => {
        const graph = new SimilarityGraph(testSchema);
        for (const [i, one] of changes.entries()) {
          graph.apply([one]);
          // Edges computed on the way must be dropped when what they rest on changes.
          if (i === turn) for (const { id } of chosen) graph.relationships(id, 10);
          if (i === turn + 3) recallSupport(graph, chosen);
        }
        const documents = liveDocuments(changes);
        const reference = new ReferenceGraph(testSchema, documents);
        expect(graph.documentCount).toBe(documents.length);
        expectSupport(recallSupport(graph, chosen), reference.recall(chosen));
        for (const { id } of documents) {
          const wanted = reference
            .relationships(id)
            .map((one) => ({ ...one, strength: expect.closeTo(one.strength, 12) }));
          expect(graph.relationships(id, 1_000)).toEqual(wanted);
          expect(graph.relationships(id, 2)).toEqual(wanted.slice(0, 2));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('gives bit for bit the same answer whatever the order of insertion, of values and of seeds', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), seeds, fc.nat(), (changes, chosen, turn) => {
        const random = new Random(`graph ${turn}`);
        const grown = new SimilarityGraph(testSchema);
        for (const one of changes) grown.apply([one]);
        const fresh = new SimilarityGraph(testSchema);
        const reordered = random.shuffle(liveDocuments(changes)).map((document): DocumentChange => {
          const facets = Object.entries(document.facets).map(([facet, values]) => [
            facet,
            random.shuffle(values),
          ]);
          return {
            kind: 'put',
            document: { ...document, facets: Object.fromEntries(random.shuffle(facets)) },
          };
        });
        fresh.apply(reordered);
        expect(recallSupport(fresh, random.shuffle(chosen))).toEqual(recallSupport(grown, chosen));
      }),
      { numRuns: 300 },
    );
  });

  it('bounds edges and support, and follows no value or relation that is too common', () => {
    const common = limits.relationDegreeMax + 1;
    const graph = new SimilarityGraph(testSchema);
    const documents = Array.from({ length: 1_500 }, (_, i) =>
      documentOf(`d${String(i).padStart(4, '0')}`, {
        facets: { directors: [`D${i % 30}`], tags: i < common ? ['common'] : [] },
        relations: [
          { type: 'IN_SERIES', id: i < common ? 'hub' : 'd0000', strength: 1 },
          { type: 'NEXT', id: `d${String((i + 1) % 1_500).padStart(4, '0')}`, strength: 0.9 },
        ],
      }),
    );
    graph.apply([...documents, documentOf('hub')].map((document) => ({ kind: 'put', document })));
    expect(recallSupport(graph, [{ id: 'hub', weight: 1 }])).toEqual([]);
    expect(graph.relationships('d0000', 1_000).filter(({ type }) => type === 'SIMILAR_TO').length).toBe(20);
    const many = Array.from({ length: 50 }, (_, i) => ({ id: documents[i]!.id, weight: 1 }));
    const reference = new ReferenceGraph(testSchema, [...documents.slice(0, 120), documentOf('hub')]);
    const smaller = new SimilarityGraph(testSchema);
    smaller.apply(
      [...documents.slice(0, 120), documentOf('hub')].map((document) => ({ kind: 'put', document })),
    );
    expectSupport(recallSupport(smaller, many.slice(0, 3)), reference.recall(many.slice(0, 3)));
    // Exactly at the bound a value still counts; one more document and it does not.
    graph.apply([{ kind: 'delete', id: 'd0100', version: 2 }]);
    expect(rarity(limits.relationDegreeMax)).toBeGreaterThan(0);
    expect(recallSupport(graph, [{ id: 'hub', weight: 1 }]).length).toBeGreaterThan(100);
    const wide = Array.from({ length: 50 }, (_, i) => ({ id: documents[i * 25]!.id, weight: 0.5 }));
    const support = recallSupport(graph, wide);
    expect(support.length).toBeLessThanOrEqual(limits.graphSupportMax);
    for (const [i, { strength }] of support.entries()) {
      expect(strength).toBeGreaterThan(0);
      if (i > 0) expect(strength).toBeLessThanOrEqual(support[i - 1]!.strength);
    }
  });

  it('cuts the support where more documents are reached, ties by id', () => {
    const graph = new SimilarityGraph({ ...testSchema, relations: [] });
    const ids = Array.from({ length: 2_500 }, (_, i) => `d${i}`);
    // 50 seeds, each with 50 neighbours of its own: 2,450 documents of two strengths.
    const documents = ids.map((id, i) => {
      const relations = Array.from({ length: i < 50 ? 49 : 0 }, (_, n) => ({
        type: 'LINK',
        id: `d${50 + 49 * i + n}`,
        strength: n < 10 ? 0.5 : 0.25,
      }));
      return documentOf(id, { relations });
    });
    graph.apply(documents.map((document) => ({ kind: 'put', document })));
    const support = recallSupport(
      graph,
      ids.slice(0, 50).map((id) => ({ id, weight: 1 })),
    );
    const byUtf8 = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
    const strong = ids
      .slice(50)
      .filter((_, i) => i % 49 < 10)
      .sort(byUtf8);
    const weak = ids
      .slice(50)
      .filter((_, i) => i % 49 >= 10)
      .sort(byUtf8);
    expect(support.map(({ id }) => id)).toEqual([...strong, ...weak].slice(0, limits.graphSupportMax));
  });
});

describe('rarity', () => {
  it('is 1 for a value that two share, falls, and ends at the degree bound', () => {
    expect(rarity(0)).toBe(0);
    expect(rarity(1)).toBe(0);
    expect(rarity(2)).toBe(1);
    for (let n = 3; n <= limits.relationDegreeMax; n++) {
      expect(rarity(n)).toBeLessThan(rarity(n - 1));
      expect(rarity(n)).toBeGreaterThan(0);
    }
    expect(rarity(limits.relationDegreeMax + 1)).toBe(0);
  });
});
