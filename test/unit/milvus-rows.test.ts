import { describe, expect, it } from 'vitest';
import { columnsOf } from '../../src/adapters/milvus/collection-fields.ts';
import { fingerprintOf, layoutOf, layoutOfColumns } from '../../src/adapters/milvus/collection-layout.ts';
import { type DescribedCollection, descriptionOf } from '../../src/adapters/milvus/described-collection.ts';
import { rowsOf } from '../../src/adapters/milvus/document-rows.ts';
import { Names, rowKey } from '../../src/adapters/milvus/names.ts';
import { placed } from '../../src/adapters/milvus/placement.ts';
import type { DocumentChange, StoredDocument } from '../../src/domain/document.ts';
import { limits } from '../../src/limits.ts';
import { testSchema } from '../support/arbitraries.ts';
import { documentOf } from '../support/recall-subject.ts';

const layout = layoutOf(testSchema);
const put = (document: StoredDocument): DocumentChange => ({ kind: 'put', document });

describe('keys of rows', () => {
  it('differ for every pair of tenant and id', () => {
    const pairs = [
      ['a', 'bc'],
      ['ab', 'c'],
      ['', 'abc'],
      ['abc', ''],
      ['a', 'b'],
      ['b', 'a'],
      ['é', 'x'],
      ['e\u0301', 'x'],
    ] as const;
    const keys = pairs.map(([tenant, id]) => rowKey(tenant, id));
    expect(new Set(keys).size).toBe(pairs.length);
    for (const key of keys) expect(key).toMatch(/^[0-9a-f]{64}$/);
    // Computed elsewhere: rows that are there must be found again.
    expect(rowKey('tenant', 'id')).toBe('0f5961a163c3e570b55b4e5fbbd8fd48c03f403909d96f9ac07b6b7d17608148');
  });
});

describe('names', () => {
  const names = new Names('triptych');
  it('are made of what Milvus takes and fit into it', () => {
    const collection = names.collection(fingerprintOf(testSchema), 12);
    const all = [
      collection,
      names.shard(collection, 'Sci-Fi "x"'),
      names.use('tenant with ü and "', 3),
      names.live(`${'long '.repeat(50)}é`),
      names.live('日本語'),
      names.trial(),
    ];
    for (const name of all) {
      expect(name).toMatch(/^[A-Za-z_][A-Za-z0-9_]*$/);
      expect(name.length).toBeLessThan(255);
    }
    expect(names.live('a-b')).not.toBe(names.live('a_b'));
    expect(names.isCollection(collection)).toBe(true);
    expect(names.isCollection(names.shard(collection, 'x'))).toBe(false);
    expect(names.isUse(names.use('t', 1))).toBe(true);
    expect(names.isLive(names.ofShard(names.live('t'), collection, names.shard(collection, 'x')))).toBe(
      false,
    );
  });

  it('tell generations, models and layouts apart, and nothing else', () => {
    const base = fingerprintOf(testSchema);
    const { embedding } = testSchema;
    expect(fingerprintOf({ ...testSchema, name: 'other', relations: [], language: 'none' })).toBe(base);
    for (const other of [
      { ...testSchema, facets: [...testSchema.facets].reverse() },
      { ...testSchema, fields: { ...testSchema.fields, year: { type: 'date' as const } } },
      { ...testSchema, embedding: { ...embedding, model: 'other' } },
      { ...testSchema, embedding: { ...embedding, dimension: 9 } },
    ])
      expect(fingerprintOf(other)).not.toBe(base);
  });
});

describe('layouts', () => {
  it('are read back from the columns that they made', () => {
    const columns = columnsOf(layout, false);
    const read = layoutOfColumns(
      columns.map(({ name, description }) => ({ name, description: description ?? '' })),
      layout.dimension,
    );
    expect(read).toEqual(layout);
    expect(columns.filter(({ is_primary_key: isKey }) => isKey).map(({ name }) => name)).toEqual(['pk']);
    expect(columns.some(({ is_partition_key: isKey }) => isKey)).toBe(false);
    expect(columnsOf(layout, true).find(({ name }) => name === 'tenant')!.is_partition_key).toBe(true);
  });

  it('keep to the columns that a collection can have', () => {
    const facets = Array.from({ length: 30 }, (_, i) => `f-${i}`);
    const fields = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [`n-${i}`, { type: 'number' as const }]),
    );
    const full = layoutOf({ ...testSchema, facets, fields });
    expect(columnsOf(full, false).length).toBe(63);
    expect(full.fields.size).toBe(14);
    expect(full.leftOut.size).toBe(16);
    expect(columnsOf(full, false).length).toBeLessThanOrEqual(limits.milvusFieldsMax);
  });
});

describe('rows', () => {
  it('hold every value, and flags of those that are missing', () => {
    const document = documentOf('i', {
      version: 3,
      facets: { genres: ['A', 'B'] },
      fields: { year: 1990, released: '2000-01-01', language: 'en', colour: false },
    });
    const { rows, vectors, deletions } = rowsOf(layout, 't', [put(document)]);
    expect(rows).toEqual([
      {
        ...{ pk: rowKey('t', 'i'), tenant: 't', id: 'i', version: 3 },
        ...{ f0: ['A', 'B'], f1: [], f2: [] },
        ...{ v0: 1990, h0: true, v1: 0, h1: false, v2: 946_684_800_000, h2: true },
        ...{ v3: '', h3: false, v4: 'en', h4: true, v5: false, h5: true },
      },
    ]);
    expect([...vectors]).toEqual([...document.embedding]);
    expect(deletions).toEqual([]);
  });

  it('come from the last change of each document', () => {
    const { rows, vectors, deletions } = rowsOf(layout, 't', [
      put(documentOf('a', { version: 1 })),
      put(documentOf('b')),
      put(documentOf('a', { version: 2 })),
      { kind: 'delete', id: 'b', version: 2 },
    ]);
    expect(rows.map(({ id, version }) => [id, version])).toEqual([['a', 2]]);
    expect(vectors.length).toBe(layout.dimension);
    expect(deletions).toEqual([rowKey('t', 'b')]);
  });

  it('do not take members of every object for values', () => {
    const schema = { ...testSchema, facets: ['valueOf'], fields: { toString: { type: 'keyword' as const } } };
    const [row] = rowsOf(layoutOf(schema), 't', [put(documentOf('a'))]).rows;
    expect(row).toMatchObject({ f0: [], v0: '', h0: false });
  });
});

describe('placement in a divided collection', () => {
  const names = new Names('x');
  const base: DescribedCollection = {
    name: 'x_c_1_g1',
    layout,
    index: 'hnsw',
    division: { kind: 'facet', name: 'genres' },
    aliases: [],
  };
  const shard = (value: string) => names.shard(base.name, value);
  const of = (id: string, ...genres: string[]) => put(documentOf(id, { facets: { genres } }));
  const summary = (known: readonly string[], changes: readonly DocumentChange[]) =>
    placed(base, known, names, changes).map(({ collection, changes: all }) => [
      collection,
      all.map((change) => (change.kind === 'put' ? `+${change.document.id}` : `-${change.id}`)).join(' '),
    ]);

  it('puts a document by its first value and takes it out of all others, afterwards', () => {
    const known = [base.name, shard('A'), shard('B')];
    expect(
      summary(known, [of('1', 'A', 'B'), of('2'), of('3', 'C'), { kind: 'delete', id: '4', version: 1 }]),
    ).toEqual([
      [shard('A'), '+1'],
      [base.name, '+2'],
      [shard('C'), '+3'],
      [base.name, '-1 -3 -4'],
      [shard('A'), '-2 -3 -4'],
      [shard('B'), '-1 -2 -3 -4'],
    ]);
  });

  it('has room for a bounded number of values', () => {
    const known = [base.name, ...Array.from({ length: limits.milvusShardsMax }, (_, i) => shard(`${i}`))];
    expect(summary(known, [of('1', 'new'), of('2', '7')]).slice(0, 2)).toEqual([
      [base.name, '+1'],
      [shard('7'), '+2'],
    ]);
  });

  it('is one collection where it is not divided', () => {
    const changes = [of('1', 'A')];
    expect(placed({ ...base, division: null }, [], names, changes)).toEqual([
      { collection: base.name, changes },
    ]);
    expect(descriptionOf('n', 'flat', { kind: 'field', name: 'mpaa' })).toBe(
      'n index=flat divided=field:mpaa',
    );
  });
});
