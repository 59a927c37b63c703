import fc from 'fast-check';
import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { FieldValue, StoredDocument } from '../../src/domain/document.ts';
import type { Predicate } from '../../src/domain/predicate.ts';

/** A small schema that has one of everything; its values collide often, so that filters hit. */
export const testSchema: CatalogueSchema = {
  name: 'test',
  facets: ['genres', 'directors', 'tags'],
  fields: {
    year: { type: 'number' },
    votes: { type: 'number' },
    released: { type: 'date' },
    mpaa: { type: 'keyword', scale: 'mpaa' },
    language: { type: 'keyword' },
    colour: { type: 'flag' },
  },
  scales: { mpaa: ['G', 'PG', 'PG-13', 'R'] },
  embedding: { model: 'test', dimension: 8, tier: 'f32', lo: 0, hi: 1, text: ['title', 'text'] },
  popularity: 'votes',
  recency: { field: 'released', reference: 'newest_document' },
  relations: [
    { type: 'SAME_DIRECTOR', facet: 'directors', strength: 0.6 },
    { type: 'SAME_TAG', facet: 'tags', strength: 0.3 },
  ],
  language: 'en',
};

/** Ids that sort differently by UTF-16 and by UTF-8, and such that need escaping anywhere. */
export const idArbitrary = fc.oneof(
  fc.nat(40).map(String),
  fc.constantFrom('\u{1F600}', '\uFF5E', '\uE000', 'é', "a'b", 'a"b', 'a\\b', 'Ω'),
);

const values = {
  genres: ['Comedy', 'Drama', 'Horror', 'Sci-Fi'],
  directors: ['A', 'B', 'C', 'D', 'E', 'F'],
  tags: ['war', 'robot', 'space', 'love', 'cat'],
  years: [1950, 1980, 1990, 2000, 2010],
  dates: ['1950-01-01', '1999-12-31', '2000-01-01', '2010-06-15T12:00:00Z'],
  mpaa: ['G', 'PG', 'PG-13', 'R', 'Unrated'],
  language: ['en', 'fr'],
};

export function unit(numbers: readonly number[]): Float32Array {
  const length = Math.hypot(...numbers) || 1;
  return Float32Array.from(numbers, (x) => x / length);
}

export const embeddingArbitrary = fc
  .array(fc.integer({ min: -8, max: 8 }), { minLength: 8, maxLength: 8 })
  .map((numbers) => unit(numbers.every((x) => x === 0) ? [1, 0, 0, 0, 0, 0, 0, 0] : numbers));

const facetArbitrary = fc.record({
  genres: fc.uniqueArray(fc.constantFrom(...values.genres), { maxLength: 3 }),
  directors: fc.uniqueArray(fc.constantFrom(...values.directors), { maxLength: 2 }),
  tags: fc.uniqueArray(fc.constantFrom(...values.tags), { maxLength: 4 }),
});

const fieldsArbitrary: fc.Arbitrary<Record<string, FieldValue>> = fc.record(
  {
    year: fc.constantFrom(...values.years),
    votes: fc.nat(5),
    released: fc.constantFrom(...values.dates),
    mpaa: fc.constantFrom(...values.mpaa),
    language: fc.constantFrom(...values.language),
    colour: fc.boolean(),
  },
  { requiredKeys: [] },
);

export const documentArbitrary: fc.Arbitrary<StoredDocument> = fc.record({
  id: idArbitrary,
  version: fc.integer({ min: 1, max: 5 }),
  title: fc.constantFrom('Robot Love', 'Space War', 'The Cat', 'A Comedy of Robots', ''),
  text: fc.constantFrom('', 'a lonely robot in space', 'war and love', 'cats'),
  facets: facetArbitrary,
  fields: fieldsArbitrary,
  relations: fc.constant([]),
  embedding: embeddingArbitrary,
});

export const documentsArbitrary = fc.uniqueArray(documentArbitrary, {
  selector: (document) => document.id,
  maxLength: 40,
});

const leafArbitrary: fc.Arbitrary<Predicate> = fc.oneof(
  facetLeaf('genres', [...values.genres, 'Nope']),
  facetLeaf('tags', values.tags),
  rangeLeaf('year', [...values.years, 1995]),
  rangeLeaf(
    'released',
    values.dates.map((date) => Date.parse(date)),
  ),
  inLeaf('mpaa', [...values.mpaa, 'X']),
  inLeaf('year', values.years),
  inLeaf('colour', [true, false]),
  inLeaf('released', [...values.dates, '2001-01-01']),
  fc.array(idArbitrary, { minLength: 1, maxLength: 5 }).map((ids) => ({ kind: 'ids', ids }) as const),
);

function facetLeaf(facet: string, pool: readonly string[]): fc.Arbitrary<Predicate> {
  return fc.record({
    kind: fc.constant('facet' as const),
    facet: fc.constant(facet),
    match: fc.constantFrom('any' as const, 'all' as const),
    values: fc.array(fc.constantFrom(...pool), { minLength: 1, maxLength: 3 }),
  });
}

function rangeLeaf(field: string, pool: readonly number[]): fc.Arbitrary<Predicate> {
  const bound = fc.constantFrom(...pool);
  return fc
    .record({ gte: bound, gt: bound, lte: bound, lt: bound }, { requiredKeys: [] })
    .map((bounds) => ({ kind: 'range', field, ...bounds }));
}

function inLeaf(field: string, pool: readonly FieldValue[]): fc.Arbitrary<Predicate> {
  return fc
    .array(fc.constantFrom(...pool), { minLength: 1, maxLength: 3 })
    .map((wanted) => ({ kind: 'in', field, values: wanted }));
}

/** Trees up to three connectives deep. */
export const predicateArbitrary: fc.Arbitrary<Predicate> = fc.letrec<{ node: Predicate }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    leafArbitrary,
    fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((of): Predicate => ({ kind: 'and', of })),
    fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((of): Predicate => ({ kind: 'or', of })),
    tie('node').map((of): Predicate => ({ kind: 'not', of })),
  ),
})).node;
