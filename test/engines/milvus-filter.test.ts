import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { StoredDocument } from '../../src/domain/document.ts';
import { matches, type Predicate } from '../../src/domain/predicate.ts';
import type { VectorIndex } from '../../src/ports/vector-index.ts';
import { documentsArbitrary, predicateArbitrary, testSchema } from '../support/arbitraries.ts';
import { describeWithEngines } from '../support/engines.ts';
import { hostileTexts } from '../support/hostile-texts.ts';
import { type MilvusFixture, openMilvusFixture, serverOf } from '../support/milvus-fixture.ts';
import { Random } from '../support/random.ts';
import { documentOf, TestCatalogue } from '../support/recall-subject.ts';
import { seed } from '../support/seed.ts';

const predicates = 10_000;
const atOnce = 8;

/** What filters cannot ask and rules do, and bounds beyond all values. */
const ruleArbitrary: fc.Arbitrary<Predicate> = fc.oneof(
  fc.constantFrom(...testSchema.facets).map((facet): Predicate => ({ kind: 'hasFacet', facet })),
  fc.constantFrom(...Object.keys(testSchema.fields)).map((field): Predicate => ({ kind: 'hasField', field })),
  fc.constantFrom('year', 'votes', 'released').chain((field) =>
    fc.record(
      {
        kind: fc.constant('range' as const),
        field: fc.constant(field),
        gte: fc.constantFrom(Number.NEGATIVE_INFINITY, -0, 1e21, -5),
        lt: fc.constantFrom(Number.POSITIVE_INFINITY, 1990.5, 5e-324),
      },
      { requiredKeys: ['kind', 'field'] },
    ),
  ),
);
const anyPredicate: fc.Arbitrary<Predicate> = fc.oneof(
  { weight: 5, arbitrary: predicateArbitrary },
  {
    weight: 2,
    arbitrary: fc
      .tuple(predicateArbitrary, ruleArbitrary, fc.boolean(), fc.constantFrom('and' as const, 'or' as const))
      .map(
        ([a, has, negate, kind]): Predicate => ({
          kind,
          of: [a, negate ? { kind: 'not', of: has } : has],
        }),
      ),
  },
);

async function writeAll(
  { shared }: MilvusFixture,
  tenant: string,
  schema: CatalogueSchema,
  documents: readonly StoredDocument[],
): Promise<void> {
  await shared.prepare(tenant, { schema, generation: 1 });
  for (let at = 0; at < documents.length; at += 100)
    await shared.apply(
      { tenant, generation: 1 },
      documents.slice(at, at + 100).map((document) => ({ kind: 'put', document })),
    );
  // What one question has seen that waits for all writes, others see.
  await shared.versions({ tenant, generation: 1 }, null, 1);
}

describeWithEngines(['milvus'], 'Filters of Milvus', ({ milvus }) => {
  let fixture: MilvusFixture;
  let films: TestCatalogue<VectorIndex>;
  const random = new Random('milvus filters');
  beforeAll(() => {
    fixture = openMilvusFixture(serverOf(milvus), { consistency: 'Bounded' });
  });
  afterAll(() => fixture.close());

  const catalogueOf = async (documents: readonly StoredDocument[]) => {
    const written = new TestCatalogue<VectorIndex>(
      {
        port: fixture.vectors,
        write: (tenant, schema) => writeAll(fixture, tenant, schema, documents),
        close: async () => {},
      },
      testSchema,
    );
    await written.put(...documents);
    return written;
  };
  const idsFor = async (catalogue: TestCatalogue<VectorIndex>, predicate: Predicate) => {
    const vectors = [random.unitVector(testSchema.embedding.dimension)];
    const [hits] = await fixture.vectors.search({ ...catalogue.request(1_000, predicate), vectors });
    return hits!.map(({ id }) => id).sort();
  };
  /** Runs some at a time; says which predicate was wrong. */
  const compareAll = async (
    catalogue: TestCatalogue<VectorIndex>,
    documents: readonly StoredDocument[],
    all: readonly Predicate[],
  ) => {
    const open = [...all];
    let hits = 0;
    const work = async () => {
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        const predicate = next;
        const wanted = documents.filter((document) => matches(testSchema, document, predicate));
        const ids = await idsFor(catalogue, predicate);
        if (ids.length > 0 && ids.length < documents.length) hits++;
        expect(ids, JSON.stringify(predicate)).toEqual(wanted.map(({ id }) => id).sort());
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    return hits;
  };

  it(`gives the documents that the plain evaluator passes, for ${predicates} random predicates`, async () => {
    const documents = fc
      .sample(documentsArbitrary, { numRuns: 50, seed })
      .reduce((most, other) => (other.length > most.length ? other : most));
    films = await catalogueOf(documents);
    const all = fc.sample(anyPredicate, { numRuns: predicates, seed });
    const decisive = await compareAll(films, documents, all);
    // Most of them pass some documents and not others, so the comparison means something.
    expect(decisive).toBeGreaterThan(predicates / 2);
    expect(fixture.lines.filter(({ fields }) => 'reason' in fields)).toEqual([]);
  }, 900_000);

  describe('with values that try to mean something', () => {
    const texts = hostileTexts();
    const documents = texts.map((text, i) =>
      documentOf(text, { facets: { tags: [text, 'all'] }, fields: i % 2 === 0 ? { language: text } : {} }),
    );

    it('takes each for what it is: in facets, fields and ids, alone, negated and together', async () => {
      expect(texts.length).toBeGreaterThanOrEqual(300);
      const hostile = await catalogueOf(documents);
      const tests = texts.flatMap((text): Predicate[] => [
        { kind: 'facet', facet: 'tags', match: 'any', values: [text] },
        { kind: 'facet', facet: 'tags', match: 'all', values: ['all', text] },
        { kind: 'in', field: 'language', values: [text, 'nobody'] },
        { kind: 'ids', ids: [text] },
        { kind: 'not', of: { kind: 'in', field: 'language', values: [text] } },
      ]);
      await compareAll(hostile, documents, tests);
    }, 600_000);

    it('filters here what it does not give to Milvus', async () => {
      const lines = ['a\nb', 'tab\t', '\u007f', '\u009f'];
      const odd = [
        ...lines.map((line, i) => documentOf(`odd ${i}`, { facets: { tags: [line] } })),
        ...Array.from({ length: 40 }, (_, i) => documentOf(`plain ${i}`, { facets: { tags: ['plain'] } })),
      ];
      const catalogue = await catalogueOf(odd);
      const tests = lines.flatMap((line): Predicate[] => {
        const has: Predicate = { kind: 'facet', facet: 'tags', match: 'any', values: [line] };
        const plain: Predicate = { kind: 'facet', facet: 'tags', match: 'any', values: ['plain'] };
        return [
          has,
          { kind: 'not', of: has },
          { kind: 'and', of: [has, plain] },
          { kind: 'or', of: [has, plain] },
        ];
      });
      const hidden: Predicate = {
        kind: 'not',
        of: { kind: 'ids', ids: Array.from({ length: 20_000 }, (_, i) => `plain ${i + 3}`) },
      };
      await compareAll(catalogue, odd, [...tests, hidden]);
      const told = fixture.lines.flatMap(({ fields }) => ('reason' in fields ? [fields.reason] : []));
      expect(new Set(told)).toEqual(new Set(['a value has control characters', 'the filter is too long']));
    });
  });
});
