import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { StoredDocument } from '../../src/domain/document.ts';
import { matches } from '../../src/domain/predicate.ts';
import { vectorTiers } from '../../src/domain/vector-rows.ts';
import { limits } from '../../src/limits.ts';
import { catalogueSchemaToWire, parseCatalogueSchema } from '../../src/wire/catalogue.ts';
import { cursorAfter, idFromCursor } from '../../src/wire/cursor.ts';
import { parseDocument, storedDocumentToWire } from '../../src/wire/document.ts';
import { parseJson } from '../../src/wire/json.ts';
import { parsePredicate, predicateSchema, type WirePredicate } from '../../src/wire/predicate.ts';
import { Problems } from '../../src/wire/problems.ts';
import { filmSchema } from '../support/fake-triptych.ts';

const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .map((value) => value.normalize('NFC').replaceAll('\0', ''))
  .filter((value) => value.trim() !== '');
const id = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ids have none
  .filter((value) => !/[\u0000-\u001f\u007f]/.test(value) && value !== '.' && value !== '..');
const date = fc
  .date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((value) => value.toISOString().slice(0, 10));
const vector = fc
  .array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 })
  .filter((values) => values.some((value) => Math.abs(value) > 1e-3));

const document = fc.record({
  id,
  title: text,
  text,
  facets: fc.record({ genres: fc.uniqueArray(text, { minLength: 1, maxLength: 4 }) }, { requiredKeys: [] }),
  fields: fc.record(
    { year: fc.integer(), released: date, mpaa: text, seen: fc.boolean() },
    { requiredKeys: [] },
  ),
  embedding: vector,
});

describe('documents', () => {
  it('come back as they were written, with a unit vector', () => {
    fc.assert(
      fc.property(document, (wire) => {
        const parsed = parseDocument(parseJson(JSON.stringify(wire)), filmSchema);
        expect(Math.hypot(...parsed.embedding!)).toBeCloseTo(1, 5);
        const stored: StoredDocument = { ...parsed, embedding: parsed.embedding!, version: 1 };
        const { version, embedding, ...again } = storedDocumentToWire(stored, true);
        expect(version).toBe(1);
        const { embedding: _sent, ...sent } = wire;
        expect(again).toEqual({ ...sent, relations: [] });
        const twice = parseDocument({ ...again, embedding }, filmSchema);
        expect({ ...twice, embedding: null }).toEqual({ ...parsed, embedding: null });
        for (const [i, value] of twice.embedding!.entries())
          expect(value).toBeCloseTo(parsed.embedding![i]!, 6);
      }),
    );
  });
});

describe('cursors', () => {
  it('lead back to their id, and nothing else does', () => {
    fc.assert(
      fc.property(id, (value) => {
        expect(idFromCursor(cursorAfter(value))).toBe(value);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (value) => {
        try {
          expect(cursorAfter(idFromCursor(value))).toBe(value);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_request' });
        }
      }),
    );
  });
});

describe('catalogue schemas', () => {
  const name = fc
    .stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,8}$/)
    .filter((value) => !(value in Object.prototype));
  const schema: fc.Arbitrary<CatalogueSchema> = fc
    .record({
      facets: fc.uniqueArray(name, { maxLength: 5 }),
      numbers: fc.uniqueArray(name, { maxLength: 3 }),
      dates: fc.uniqueArray(name, { maxLength: 3 }),
      dimension: fc.integer({ min: 1, max: limits.dimensionMax }),
      tier: fc.constantFrom(...vectorTiers),
    })
    .map(({ facets, numbers, dates, dimension, tier }) => {
      const fields: CatalogueSchema['fields'] = Object.fromEntries([
        ...numbers.map((field) => [field, { type: 'number' as const }] as const),
        ...dates.map((field) => [field, { type: 'date' as const }] as const),
      ]);
      const popularity = numbers.find((field) => fields[field]!.type === 'number') ?? null;
      const recent = dates[0];
      return {
        name: 'films',
        facets,
        fields,
        scales: {},
        embedding: {
          model: 'm',
          dimension,
          tier,
          lo: 0,
          hi: 1,
          text: ['title', ...facets.map((f) => `facets.${f}`)],
        },
        popularity,
        recency: recent === undefined ? null : { field: recent, reference: 'now' },
        relations: facets.slice(0, 1).map((facet) => ({ type: 'SAME', facet, strength: 0.5 })),
        language: 'none',
      };
    });

  it('come back as they were set', () => {
    fc.assert(
      fc.property(schema, (value) => {
        const wire = parseJson(JSON.stringify(catalogueSchemaToWire(value)));
        expect(parseCatalogueSchema(wire)).toEqual(value);
      }),
    );
  });
});

describe('predicates', () => {
  const leaf: fc.Arbitrary<WirePredicate> = fc.oneof(
    fc.record({
      facet: fc.constant('genres'),
      any: fc.array(fc.constantFrom('a', 'b', 'é'), { minLength: 1 }),
    }),
    fc.record({ facet: fc.constant('tags'), all: fc.array(fc.constantFrom('a', 'b'), { minLength: 1 }) }),
    fc.record({ field: fc.constant('year'), gte: fc.integer({ min: 0, max: 9 }) }),
    fc.record({ field: fc.constant('year'), lt: fc.integer({ min: 0, max: 9 }) }),
    fc.record({ field: fc.constant('mpaa'), in: fc.array(fc.constantFrom('G', 'R'), { minLength: 1 }) }),
    fc.record({ field: fc.constant('seen'), in: fc.constantFrom<boolean[]>([true], [false], [true, false]) }),
    fc.record({ ids: fc.array(fc.constantFrom('x', 'y'), { minLength: 1 }) }),
  );
  const { tree } = fc.letrec<{ tree: WirePredicate }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      leaf,
      fc.record({ and: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ or: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ not: tie('tree') }),
    ),
  }));
  const film = fc.record({
    id: fc.constantFrom('x', 'y', 'z'),
    title: fc.constant('t'),
    text: fc.constant(''),
    facets: fc.record(
      { genres: fc.array(fc.constantFrom('a', 'b', 'é')), tags: fc.array(fc.constantFrom('a', 'b')) },
      { requiredKeys: [] },
    ),
    fields: fc.record(
      { year: fc.integer({ min: 0, max: 9 }), mpaa: fc.constantFrom('G', 'R'), seen: fc.boolean() },
      { requiredKeys: [] },
    ),
    relations: fc.constant([]),
  });

  /** What the wire says, evaluated on the wire form itself. */
  function says(wire: WirePredicate, it_: { id: string; facets: object; fields: object }): boolean {
    const at = (owner: object, name: string) => (owner as Record<string, unknown>)[name];
    if ('and' in wire) return wire.and.every((part) => says(part, it_));
    if ('or' in wire) return wire.or.some((part) => says(part, it_));
    if ('not' in wire) return !says(wire.not, it_);
    if ('ids' in wire) return wire.ids.includes(it_.id);
    if ('facet' in wire) {
      const own = (at(it_.facets, wire.facet) ?? []) as string[];
      return (
        wire.any?.some((value) => own.includes(value)) ?? wire.all!.every((value) => own.includes(value))
      );
    }
    const value = at(it_.fields, wire.field);
    if (value === undefined) return false;
    if (wire.in !== undefined) return wire.in.includes(value as string);
    return wire.gte === undefined
      ? (value as number) < (wire.lt as number)
      : (value as number) >= (wire.gte as number);
  }

  it('mean in the domain what they say on the wire', () => {
    fc.assert(
      fc.property(tree, fc.array(film, { minLength: 1, maxLength: 5 }), (wire, films) => {
        const problems = new Problems();
        const parsed = predicateSchema.parse(parseJson(JSON.stringify(wire)));
        const predicate = parsePredicate(parsed, filmSchema, 'filter', problems);
        problems.throwIfAny();
        for (const one of films) expect(matches(filmSchema, one, predicate)).toBe(says(wire, one));
      }),
    );
  });
});
