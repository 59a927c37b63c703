import { describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import { documentOf, put, remove, type StoreUnderTest, unusualIds } from './document-store-subject.ts';

const bits = (vector: Float32Array | undefined) =>
  vector && [...new Uint32Array(vector.buffer, vector.byteOffset, vector.length)];

export function writeTests(tested: StoreUnderTest): void {
  describe('documents', () => {
    it('gives back what was put', async () => {
      const tenant = await tested.tenant();
      const document = documentOf('whole', {
        title: 'A "title", with\ttabs',
        text: 'Zeile eins\nZeile zwei \u{1f600}',
        facets: { genres: ['b', 'a', "d'Or"], tags: [], ['__proto__']: ['x'] },
        fields: { year: 0.1, big: 1e300, small: 5e-324, seen: false, released: '1998-06-12', word: '' },
        relations: [
          { type: 'NEXT', id: 'z', strength: 0.1 },
          { type: 'NEXT', id: 'a', strength: 1 },
          { type: 'BEFORE', id: 'z', strength: 0 },
          { type: 'NEXT', id: 'z', strength: 0.30000000000000004 },
        ],
      });
      await tested.store.write(tenant, 1, [{ kind: 'put', document }]);
      const read = await tested.store.get(tenant, 1, 'whole');
      expect(read).toEqual({ ...document, version: 1 });
      expect(Object.hasOwn(read!.facets, '__proto__')).toBe(true);
    });

    it('keeps every bit of a vector and none of its neighbours', async () => {
      const tenant = await tested.tenant();
      const vectors = [
        Float32Array.of(-0, 1e-45, 3.4028235e38, 0.1),
        new Float32Array(0),
        Float32Array.of(1, 2, 3, 4, 5, 6, 7).subarray(2, 6),
      ];
      await tested.store.write(
        tenant,
        1,
        vectors.map((embedding, i) => put(`v${i}`, { embedding })),
      );
      const listed = await tested.store.list(tenant, 1, null, 10);
      for (const [i, vector] of vectors.entries()) {
        const read = listed[i]?.embedding;
        expect(bits(read)).toEqual(bits(vector.slice()));
        expect(read!.buffer.byteLength).toBe(vector.byteLength);
      }
    });

    it('leaves the caller its vectors', async () => {
      const tenant = await tested.tenant();
      const embedding = Float32Array.of(1, 0, 0, 0);
      await tested.store.write(tenant, 1, [put('a', { embedding })]);
      expect([...embedding]).toEqual([1, 0, 0, 0]);
    });

    it('keeps empty titles and texts, long texts and large vectors', async () => {
      const tenant = await tested.tenant();
      const embedding = Float32Array.from({ length: limits.dimensionMax }, (_, i) => i / 7);
      const document = documentOf('big', {
        text: '\u4e2d'.repeat(limits.textCharsMax),
        embedding,
        facets: { tags: Array.from({ length: limits.facetValuesPerDocumentMax }, (_, i) => `tag ${i}`) },
        relations: Array.from({ length: limits.relationsPerDocumentMax }, (_, i) => ({
          type: 'r',
          id: `${'\u4e2d'.repeat(limits.idCharsMax - 4)}${i}`,
          strength: i / 1_000,
        })),
      });
      await tested.store.write(tenant, 1, [
        { kind: 'put', document },
        put('small', { title: '', text: '', facets: {}, fields: {} }),
      ]);
      expect(await tested.store.get(tenant, 1, 'big')).toEqual({ ...document, version: 1 });
      expect(await tested.store.get(tenant, 1, 'small')).toMatchObject({ title: '', text: '', facets: {} });
    });

    it('replaces the whole document', async () => {
      const tenant = await tested.tenant();
      await tested.store.write(tenant, 1, [put('a', { relations: [{ type: 'X', id: 'b', strength: 1 }] })]);
      const document = documentOf('a', { title: 'new', facets: {}, fields: {}, relations: [] });
      await tested.store.write(tenant, 1, [{ kind: 'put', document }]);
      expect(await tested.store.get(tenant, 1, 'a')).toEqual({ ...document, version: 2 });
    });

    it('takes any id, and lists ids in the order of their UTF-8 bytes', async () => {
      const tenant = await tested.tenant();
      await tested.store.write(
        tenant,
        1,
        unusualIds.map((id) => put(id, { relations: [{ type: 'SELF', id, strength: 1 }] })),
      );
      const sorted = [...unusualIds].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect([...unusualIds].sort()).not.toEqual(sorted);
      const listed = await tested.store.list(tenant, 1, null, 1_000);
      expect(listed.map(({ id }) => id)).toEqual(sorted);
      for (const id of unusualIds)
        expect(await tested.store.get(tenant, 1, id)).toMatchObject({ id, relations: [{ id }] });
      expect((await tested.store.write(tenant, 1, unusualIds.map(remove))).map(({ id }) => id)).toEqual(
        unusualIds,
      );
      expect(await tested.store.count(tenant, 1)).toBe(0);
    });

    it('keeps byte order marks in every text, and documents apart whose ids differ in one', async () => {
      const tenant = await tested.tenant();
      const texts = ['', '\ufeff', '\ufeff\ufeff', '\ufeffx', '\ufeff\ufeffx', 'x\ufeff', 'x'];
      const documents = texts.map((text) =>
        documentOf(`${text}id`, {
          title: text,
          text,
          facets: { genres: [text] },
          fields: { word: text },
          relations: [{ type: `${text}T`, id: `${text}id`, strength: 1 }],
        }),
      );
      const acks = await tested.store.write(
        tenant,
        1,
        documents.map((document) => ({ kind: 'put', document })),
      );
      expect(acks).toEqual(documents.map(({ id }) => ({ id, version: 1 })));
      for (const document of documents)
        expect(await tested.store.get(tenant, 1, document.id)).toEqual({ ...document, version: 1 });
      const { changes } = await tested.store.changes(tenant, 1, null, 100);
      const fed = new Set(changes.map((change) => (change.kind === 'put' ? change.document.title : null)));
      expect(fed).toEqual(new Set(texts));
      await tested.store.write(tenant, 1, [remove('\ufeffid')]);
      expect(await tested.store.get(tenant, 1, 'id')).not.toBeNull();
      expect(await tested.store.count(tenant, 1)).toBe(texts.length - 1);
    });

    it('pages through the list after an id, which need not exist', async () => {
      const tenant = await tested.tenant();
      await tested.store.write(
        tenant,
        1,
        ['d', 'b', 'a', 'c'].map((id) => put(id)),
      );
      await tested.store.write(tenant, 1, [remove('b')]);
      const ids = async (after: string | null, limit: number) =>
        (await tested.store.list(tenant, 1, after, limit)).map(({ id }) => id);
      expect(await ids(null, 2)).toEqual(['a', 'c']);
      expect(await ids('c', 2)).toEqual(['d']);
      expect(await ids('b', 2)).toEqual(['c', 'd']);
      expect(await ids('d', 2)).toEqual([]);
    });

    it('reads embeddings by id, in the order of the ids, and passes over what is not there', async () => {
      const tenant = await tested.tenant();
      const relations = [{ type: 'NEXT', id: 'b', strength: 0.5 }];
      await tested.store.write(tenant, 1, [
        ...unusualIds.map((id) => put(id, { relations })),
        put('c', { embedding: Float32Array.of(-0, 1e-45, 2, 3) }),
        put('gone'),
        remove('gone'),
      ]);
      const asked = ['c', 'gone', ...[...unusualIds].reverse(), 'nobody'];
      const read = await tested.store.embeddings(tenant, 1, asked);
      expect(read.map(({ id }) => id)).toEqual(['c', ...[...unusualIds].reverse()]);
      for (const one of read) {
        const { id, version, embedding } = (await tested.store.get(tenant, 1, one.id))!;
        expect(one).toEqual({ id, version, embedding });
      }
      expect(await tested.store.embeddings(tenant, 2, ['c'])).toEqual([]);
      expect(await tested.store.embeddings(await tested.tenant(), 1, ['c'])).toEqual([]);
      expect(await tested.store.embeddings(tenant, 1, [])).toEqual([]);
    });

    it('knows nothing of ids it was not given', async () => {
      const tenant = await tested.tenant();
      expect(await tested.store.get(tenant, 1, 'nobody')).toBeNull();
      expect(await tested.store.list(tenant, 1, null, 10)).toEqual([]);
      expect(await tested.store.write(tenant, 1, [])).toEqual([]);
    });

    it('keeps tenants with equal ids apart', async () => {
      const [one, two] = [await tested.tenant(), await tested.tenant()];
      await tested.store.write(one, 1, [put('a', { title: 'one' })]);
      await tested.store.write(two, 1, [put('a', { title: 'two' }), put('a', { title: 'two again' })]);
      await tested.store.write(one, 1, [remove('a')]);
      expect(await tested.store.get(one, 1, 'a')).toBeNull();
      expect(await tested.store.get(two, 1, 'a')).toMatchObject({ title: 'two again', version: 2 });
    });
  });

  describe('versions', () => {
    it('count the writes of an id and go on after a delete', async () => {
      const tenant = await tested.tenant();
      const write = async (...writes: Parameters<typeof tested.store.write>[2]) =>
        (await tested.store.write(tenant, 1, writes)).map(({ version }) => version);
      expect(await write(put('a'))).toEqual([1]);
      expect(await write(put('a'), put('b'))).toEqual([2, 1]);
      expect(await write(remove('a'))).toEqual([3]);
      expect(await write(put('a'))).toEqual([4]);
      expect((await tested.store.get(tenant, 1, 'a'))?.version).toBe(4);
    });

    it('are 0 for a delete of what never was, and stay for a second delete', async () => {
      const tenant = await tested.tenant();
      await tested.store.write(tenant, 1, [put('a'), remove('a')]);
      const acks = await tested.store.write(tenant, 1, [remove('a'), remove('nobody')]);
      expect(acks).toEqual([
        { id: 'a', version: 2 },
        { id: 'nobody', version: 0 },
      ]);
    });

    it('follow the order of the writes within a call', async () => {
      const tenant = await tested.tenant();
      await tested.store.write(tenant, 1, [put('live')]);
      const acks = await tested.store.write(tenant, 1, [
        put('new', { title: 'first' }),
        remove('live'),
        remove('unknown'),
        put('new', { title: 'second' }),
        put('live', { title: 'back' }),
        put('unknown'),
        remove('new'),
        remove('new'),
      ]);
      expect(acks.map(({ id, version }) => `${id} ${version}`)).toEqual([
        'new 1',
        'live 2',
        'unknown 0',
        'new 2',
        'live 3',
        'unknown 1',
        'new 3',
        'new 3',
      ]);
      expect(await tested.store.get(tenant, 1, 'new')).toBeNull();
      expect(await tested.store.get(tenant, 1, 'live')).toMatchObject({ title: 'back', version: 3 });
    });

    it('are given once each to calls at the same time', async () => {
      const tenant = await tested.tenant();
      const acks = await Promise.all(
        Array.from({ length: 20 }, () => tested.store.write(tenant, 1, [put('a'), put('b')])),
      );
      const versions = acks.map(([ack]) => ack!.version).sort((a, b) => a - b);
      expect(versions).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    });
  });

  describe('refusals', () => {
    const unstorable: readonly [string, Parameters<typeof put>[1] & object, string][] = [
      ['NUL in an id', {}, 'a\0b'],
      ['NUL in a title', { title: 'a\0b' }, 'x'],
      ['NUL in a facet', { facets: { genres: ['a\0b'] } }, 'x'],
      ['an unpaired surrogate in an id', {}, 'a\ud800'],
      ['an unpaired surrogate in a text', { text: '\udc00b' }, 'x'],
      ['an unpaired surrogate in a field', { fields: { word: '\ud800' } }, 'x'],
      ['NUL in a relation', { relations: [{ type: 'T', id: '\0', strength: 1 }] }, 'x'],
    ];
    it.each(unstorable)('stores nothing of a call with %s, and goes on', async (_, changes, id) => {
      const tenant = await tested.tenant();
      const refused = tested.store.write(tenant, 1, [put('good'), put(id, changes)]);
      await expect(refused).rejects.toMatchObject({ code: 'invalid_request' });
      await expect(refused).rejects.not.toThrow(/sequence|encoding|jsonb|unicode escape/i);
      expect(await tested.store.count(tenant, 1)).toBe(0);
      expect(await tested.store.write(tenant, 1, [put('good')])).toEqual([{ id: 'good', version: 1 }]);
    });

    it('refuses to look for an id that cannot be', async () => {
      const tenant = await tested.tenant();
      await expect(tested.store.get(tenant, 1, '\0')).rejects.toMatchObject({ code: 'invalid_request' });
      await tested.store.ping();
    });

    it('bounds a transaction and a page', async () => {
      const tenant = await tested.tenant();
      const many = Array.from({ length: limits.writeRowsMax + 1 }, (_, i) => remove(String(i)));
      await expect(tested.store.write(tenant, 1, many)).rejects.toMatchObject({ code: 'invalid_request' });
      const ids = Array.from({ length: limits.windowMax + 1 }, (_, i) => String(i));
      await expect(tested.store.embeddings(tenant, 1, ids)).rejects.toMatchObject({
        code: 'invalid_request',
      });
      expect(await tested.store.embeddings(tenant, 1, ids.slice(1))).toEqual([]);
      await expect(tested.store.list(tenant, 1, null, 0)).rejects.toMatchObject({ code: 'invalid_request' });
    });
  });
}
