import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MappedRow, rowMapping } from '../../src/ingest/mapping.ts';
import { schemaFileOf } from '../../src/ingest/schema-file.ts';
import { limits } from '../../src/limits.ts';
import { vectorToBase64 } from '../../src/std/vector-base64.ts';
import { filmDocuments, filmsAvailable } from '../support/films.ts';

const base = {
  name: 'things',
  title: 'name',
  text: ['summary', 'notes[].text'],
  facets: { tags: {}, makers: { from: 'maker.names' }, parts: { from: 'parts[].name' } },
  fields: {
    price: { type: 'number' },
    sold: { type: 'flag' },
    size: { type: 'keyword', scale: 'sizes' },
    made: { type: 'date' },
    seen: { type: 'date', from: 'times.seen', unit: 'seconds' },
    born: { type: 'date', unit: 'days' },
  },
  scales: { sizes: ['S', 'M', 'L'] },
  relations_from: 'links',
  embedding: { model: 'm', dimension: 3, lo: 0, hi: 1, from: 'vector' },
};
const map = rowMapping(schemaFileOf(base));

function documentOf(mapped: MappedRow) {
  if ('reject' in mapped) expect.unreachable(JSON.stringify(mapped.reject));
  return mapped.document;
}

/** The paths of a row's problems. */
function pathsOf(mapped: MappedRow): string[] {
  return 'reject' in mapped ? mapped.reject.map(({ path }) => path) : [];
}

describe('row mapping', () => {
  it('reads every part from where the schema file says', () => {
    const document = documentOf(
      map({
        id: 42,
        name: 'Cafe\u0301',
        summary: 'Warm.',
        notes: [{ text: 'Dark.' }, { text: null }, { other: 1 }, { text: 'Loud.' }],
        tags: ['a', 'b', 'a', '', null, 7],
        maker: { names: 'one' },
        parts: [{ name: 'lid' }, { name: 'cup' }],
        price: 1.5,
        sold: false,
        size: 'M',
        made: '2020-02-29',
        times: { seen: 86_401 },
        born: -1,
        links: [{ type: 'NEXT_TO', id: '43', strength: 0.5 }],
        vector: [3, 0, 4],
        unused: { anything: true },
      }),
    );
    expect(document).toEqual({
      id: '42',
      title: 'Café',
      text: 'Warm. Dark. Loud.',
      facets: { tags: ['a', 'b', '7'], makers: ['one'], parts: ['lid', 'cup'] },
      fields: {
        price: 1.5,
        sold: false,
        size: 'M',
        made: '2020-02-29',
        seen: '1970-01-02T00:00:01.000Z',
        born: '1969-12-31',
      },
      relations: [{ type: 'NEXT_TO', id: '43', strength: 0.5 }],
      embedding: Float32Array.of(3, 0, 4),
    });
  });

  it('leaves out what a row does not have', () => {
    expect(documentOf(map({ id: 'x', name: 'X', price: null, size: '' }))).toEqual({
      id: 'x',
      title: 'X',
      text: '',
      facets: {},
      fields: {},
      relations: [],
      embedding: null,
    });
  });

  it('reads a vector in base64', () => {
    const vector = Float32Array.of(0.1, -0.2, 3);
    const { embedding } = documentOf(map({ id: 'x', name: 'X', vector: { b64: vectorToBase64(vector) } }));
    expect(embedding).toEqual(vector);
  });

  it('joins several members into a slug', () => {
    const slugged = rowMapping(schemaFileOf({ ...base, id: ['name', 'made'] }));
    expect(documentOf(slugged({ name: "L'Été à Paris!", made: '1999-01-02' })).id).toBe(
      'lete-a-paris-1999-01-02',
    );
    expect(pathsOf(slugged({ name: '???' }))).toEqual(['id']);
  });

  it('takes ids byte for byte, as the API does', () => {
    const id = 'e\u0301';
    const row = { id, name: id, links: [{ type: 'NEXT_TO', id: 'a\u0301', strength: 1 }] };
    const document = documentOf(map(row));
    expect([document.id, document.title, document.relations[0]!.id]).toEqual([id, '\u00e9', 'a\u0301']);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['no id', { id: undefined }, 'id'],
    ['an empty id', { id: '' }, 'id'],
    ['an id that is an object', { id: {} }, 'id'],
    ['an id that JSON numbers cannot carry', { id: 2 ** 53 }, 'id'],
    ['an id with a fraction', { id: 1.5 }, 'id'],
    ['an id with a control character', { id: 'a\nb' }, 'id'],
    ['an id that URLs drop', { id: '..' }, 'id'],
    ['a long id', { id: 'x'.repeat(limits.idCharsMax + 1) }, 'id'],
    ['no title', { name: null }, 'name'],
    ['a blank title', { name: ' ' }, 'title'],
    ['NUL in a title', { name: 'a\0b' }, 'title'],
    ['a lone surrogate in a text', { summary: 'a\ud800' }, 'text'],
    ['a long text', { summary: 'x'.repeat(limits.textCharsMax + 1) }, 'text'],
    ['an object as facet value', { tags: ['a', { name: 'b' }] }, 'tags[1]'],
    ['a number in place of a list', { parts: 3 }, 'parts'],
    ['a text in place of an object', { maker: 'one' }, 'maker'],
    ['a long facet value', { tags: ['x'.repeat(limits.facetValueCharsMax + 1)] }, 'facets.tags[0]'],
    [
      'too many facet values',
      { tags: Array.from({ length: limits.facetValuesPerDocumentMax + 1 }, (_, i) => `t${i}`) },
      'tags',
    ],
    ['a number as text', { price: '1.5' }, 'fields.price'],
    ['a flag as number', { sold: 1 }, 'fields.sold'],
    ['an object as number', { price: {} }, 'price'],
    ['a number that is not finite', { price: Number.POSITIVE_INFINITY }, 'fields.price'],
    ['a keyword that is a flag', { size: true }, 'size'],
    ['a day that does not exist', { made: '2021-02-29' }, 'fields.made'],
    ['a time without its zone', { made: '2021-02-28T10:00:00' }, 'fields.made'],
    ['a date as number without unit', { made: 20_210_228 }, 'made'],
    ['a date as text with unit', { born: '2021-02-28' }, 'born'],
    ['a date out of range', { born: 1e12 }, 'born'],
    ['a strength out of range', { links: [{ type: 'A', id: 'b', strength: 2 }] }, 'relations[0].strength'],
    ['a relation to itself', { links: [{ type: 'A', id: 'x', strength: 1 }] }, 'relations[0].id'],
    ['a relation without id', { links: [{ type: 'A', strength: 1 }] }, 'links[0]'],
    ['a short vector', { vector: [1, 2] }, 'embedding'],
    ['a zero vector', { vector: [0, 0, 0] }, 'embedding'],
    ['text in a vector', { vector: [1, '2', 3] }, 'vector[1]'],
    ['a component beyond f32', { vector: [1, 2, 1e39] }, 'vector[2]'],
    ['base64 that is none', { vector: { b64: '***' } }, 'vector.b64'],
    ['base64 of NaN', { vector: { b64: vectorToBase64(Float32Array.of(1, Number.NaN, 2)) } }, 'embedding[1]'],
  ])('rejects %s, with the path', (_, members, path) => {
    expect(pathsOf(map({ id: 'x', name: 'X', ...members }))).toContain(path);
  });

  it.each([null, 3, 'text', [], undefined])('rejects the row %j', (row) => {
    expect(pathsOf(map(row))).toEqual(['$']);
  });

  it('names every problem of a row, but not more than a page of them', () => {
    expect(pathsOf(map({ price: {}, sold: [], size: {} })).sort()).toEqual([
      'id',
      'name',
      'price',
      'size',
      'sold',
    ]);
    const many = map({ id: 'x', name: 'X', tags: Array.from({ length: 500 }, () => ({})) });
    expect(pathsOf(many)).toHaveLength(limits.errorFieldsMax);
  });

  it('never throws, whatever the row', () => {
    fc.assert(
      fc.property(fc.record(Object.fromEntries(rowKeys.map((key) => [key, fc.jsonValue()]))), (row) => {
        const mapped = map(row);
        expect('reject' in mapped ? mapped.reject.length > 0 : mapped.document.id !== '').toBe(true);
      }),
    );
  });

  it('does not read members of Object.prototype', () => {
    const sly = rowMapping(schemaFileOf({ ...base, title: 'constructor.name' }));
    expect(pathsOf(sly({ id: 'x' }))).toEqual(['constructor.name']);
  });

  it.skipIf(!filmsAvailable())('maps all 2,512 films by the example schema', () => {
    const documents = filmDocuments();
    expect(documents).toHaveLength(2_512);
    expect(new Set(documents.map(({ id }) => id)).size).toBe(2_512);
    expect(documents.find(({ title }) => title === 'Grumpier Old Men')).toMatchObject({
      id: '3',
      facets: { genres: ['Romance', 'Comedy'], directors: ['Howard Deutch'] },
      fields: { released: '1995-12-22', runtime: 101, votes: 269 },
    });
  });
});

const rowKeys = [
  'id',
  'name',
  'summary',
  'notes',
  'tags',
  'maker',
  'parts',
  'price',
  'sold',
  'size',
  'made',
].concat(['times', 'born', 'links', 'vector']);
