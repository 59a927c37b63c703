import { describe, expect, it } from 'vitest';
import { TriptychError } from '../../src/errors.ts';
import { parseSchemaFile, schemaFileOf } from '../../src/ingest/schema-file.ts';
import { filmsSchema } from '../support/films.ts';

const embedding = { model: 'm', dimension: 3, lo: 0, hi: 1 };

/** Field paths and messages of a refused schema file. */
function problemsOf(value: unknown): Record<string, string> {
  try {
    parseSchemaFile(typeof value === 'string' ? value : JSON.stringify(value));
  } catch (error) {
    expect(error).toBeInstanceOf(TriptychError);
    const { code, fields } = error as TriptychError;
    expect(code).toBe('invalid_schema');
    return Object.fromEntries(fields.map(({ path, message }) => [path, message]));
  }
  return {};
}

describe('schema file', () => {
  it('compiles the example into a catalogue schema', () => {
    const { schema, layout } = filmsSchema();
    expect(schema.facets).toEqual(['genres', 'tags', 'directors', 'writers', 'actors']);
    expect(schema.fields.released).toEqual({ type: 'date' });
    expect(schema.recency).toEqual({ field: 'released', reference: 'newest_document' });
    expect(layout.facets[0]!.from.text).toBe('genres[].name');
  });

  it('needs little', () => {
    const { schema, layout } = schemaFileOf({ name: 'notes', embedding });
    expect(schema).toEqual({
      name: 'notes',
      facets: [],
      fields: {},
      scales: {},
      embedding: { ...embedding, tier: 'f32', text: ['title', 'text'] },
      popularity: null,
      recency: null,
      relations: [],
      language: 'none',
    });
    expect([layout.id[0]!.text, layout.title.text, layout.text[0]!.text]).toEqual(['id', 'title', 'text']);
    expect(layout.embedding).toBeNull();
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['unknown members', { colour: 'red' }, 'colour'],
    ['unknown members of a field', { fields: { year: { type: 'number', form: 'x' } } }, 'fields.year.form'],
    ['an unknown type', { fields: { year: { type: 'integer' } } }, 'fields.year.type'],
    ['a unit on a number', { fields: { year: { type: 'number', unit: 'days' } } }, 'fields.year.unit'],
    ['a bad path', { facets: { tags: { from: 'a..b' } } }, 'facets.tags.from'],
    ['an open bracket in a path', { facets: { tags: { from: 'a[0].b' } } }, 'facets.tags.from'],
    [
      'several values for a field',
      { fields: { year: { type: 'number', from: 'a[].b' } } },
      'fields.year.from',
    ],
    ['several values for the title', { title: 'names[]' }, 'title'],
    ['a scale that is not there', { fields: { mpaa: { type: 'keyword', scale: 's' } } }, 'fields.mpaa.scale'],
    ['a popularity that is no number field', { popularity: 'votes' }, 'popularity'],
    [
      'a recency that is no date field',
      { fields: { year: { type: 'number' } }, recency: { field: 'year' } },
      'recency.field',
    ],
    [
      'a relation over no facet',
      { relations: [{ type: 'SAME', facet: 'tags', strength: 0.5 }] },
      'relations[0].facet',
    ],
    [
      'a strength out of range',
      { facets: { tags: {} }, relations: [{ type: 'SAME', facet: 'tags', strength: 2 }] },
      'relations[0].strength',
    ],
    ['lo above hi', { embedding: { ...embedding, lo: 0.9, hi: 0.1 } }, 'embedding.hi'],
    [
      'a text source that is not there',
      { embedding: { ...embedding, text: ['facets.x'] } },
      'embedding.text[0]',
    ],
    ['a scale of one value', { scales: { s: ['a'] } }, 'scales.s'],
    ['a value twice in a scale', { scales: { s: ['a', 'a'] } }, 'scales.s'],
  ])('refuses %s, with the path', (_, members, path) => {
    expect(Object.keys(problemsOf({ name: 'notes', embedding, ...members }))).toContain(path);
  });

  it('refuses names that could be mistaken for members of Object', () => {
    for (const name of ['constructor', '__proto__', 'a b', '', '1st', 'x'.repeat(65)]) {
      const file = `{"name": "notes", "embedding": ${JSON.stringify(embedding)}, "facets": {${JSON.stringify(name)}: {}}}`;
      expect(Object.keys(problemsOf(file)).join(), name).toContain('facets');
    }
  });

  it('refuses text that is no JSON', () => {
    expect(() => parseSchemaFile('{"name": ')).toThrow(/ends too early|not valid JSON/);
    for (const text of ['null', '[]', '3', '"x"']) expect(() => parseSchemaFile(text)).toThrow(TriptychError);
  });
});
