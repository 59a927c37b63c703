import { describe, expect, it } from 'vitest';
import type { DocumentInput } from '../../src/domain/document.ts';
import { documentProblems, isDate } from '../../src/domain/document-check.ts';
import { schemaFileOf } from '../../src/ingest/schema-file.ts';
import { limits } from '../../src/limits.ts';

const { schema } = schemaFileOf({
  name: 'things',
  facets: { tags: {} },
  fields: { price: { type: 'number' }, made: { type: 'date' } },
  embedding: { model: 'm', dimension: 2, lo: 0, hi: 1 },
});

function pathsOf(change: Partial<DocumentInput>): string[] {
  const document = { id: 'x', title: 'X', text: '', facets: {}, fields: {}, relations: [], embedding: null };
  return documentProblems(schema, { ...document, ...change }).map(({ path }) => path);
}

describe('document check', () => {
  it('passes what fits', () => {
    expect(pathsOf({})).toEqual([]);
    expect(
      pathsOf({
        facets: { tags: ['a'] },
        fields: { price: -1, made: '2000-02-29T23:59:59.5+02:00' },
        relations: [
          { type: 'A', id: 'y', strength: 0 },
          { type: 'B', id: 'y', strength: 1 },
        ],
        embedding: Float32Array.of(0, 1e-30),
      }),
    ).toEqual([]);
  });

  it('names facets and fields that the schema does not know, members of Object included', () => {
    expect(pathsOf({ facets: { colours: ['red'] }, fields: { toString: 1 } })).toEqual([
      'facets.colours',
      'fields.toString',
    ]);
  });

  it('refuses relations that say one fact twice or cannot be given', () => {
    const relation = { type: 'A', id: 'y', strength: 1 };
    expect(pathsOf({ relations: [relation, { ...relation, strength: 0.5 }] })).toEqual(['relations[1]']);
    expect(pathsOf({ relations: [{ ...relation, type: 'SIMILAR_TO' }] })).toEqual(['relations[0].type']);
    expect(pathsOf({ relations: [{ ...relation, strength: Number.NaN }] })).toEqual([
      'relations[0].strength',
    ]);
  });

  it('refuses vectors without a direction', () => {
    expect(pathsOf({ embedding: Float32Array.of(0, -0) })).toEqual(['embedding']);
    expect(pathsOf({ embedding: Float32Array.of(1, Number.NEGATIVE_INFINITY) })).toEqual(['embedding[1]']);
    expect(pathsOf({ embedding: Float32Array.of(1) })).toEqual(['embedding']);
  });

  it('stops after a page of problems', () => {
    const tags = Array.from({ length: 100 }, () => '');
    expect(pathsOf({ facets: { tags } })).toHaveLength(limits.errorFieldsMax);
  });

  it.each([
    ['2024-02-29', true],
    ['1900-02-29', false],
    ['2000-02-29', true],
    ['2023-04-31', false],
    ['2023-00-10', false],
    ['2023-13-01', false],
    ['2023-01-00', false],
    ['2023-1-1', false],
    ['2023', false],
    ['0099-12-31', true],
    ['2023-01-01T00:00:00Z', true],
    ['2023-01-01T00:00:00', false],
    ['2023-01-01T25:00:00Z', false],
    ['2023-01-01 00:00:00Z', false],
    ['', false],
  ])('takes %s for a date: %s', (text, expected) => {
    expect(isDate(text)).toBe(expected);
  });
});
