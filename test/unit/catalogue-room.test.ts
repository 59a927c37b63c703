import { afterEach, describe, expect, it } from 'vitest';
import { FacetDictionary } from '../../src/domain/facet-dictionary.ts';
import { limits } from '../../src/limits.ts';
import { CatalogueRoom, refuseTooManyValues } from '../../src/search/catalogue-room.ts';
import { testSchema } from '../support/arbitraries.ts';
import { MemoryDocumentStore } from '../support/memory-document-store.ts';
import {
  fanOfDocuments,
  inProcessParts,
  type SearchFixture,
  searchFixture,
} from '../support/search-fixture.ts';

const puts = (count: number, from = 0) =>
  fanOfDocuments(count)
    .slice(from)
    .map((document) => ({ kind: 'put' as const, document }));

const open: SearchFixture[] = [];
afterEach(async () => {
  for (const { clock, service } of open.splice(0)) await clock.run(service.close());
});

/** A store that says it holds this many documents more than it does. */
function crowded(store: MemoryDocumentStore, others: number): MemoryDocumentStore {
  const count = store.count.bind(store);
  store.count = async (...parameters) => others + (await count(...parameters));
  return store;
}

describe('a catalogue at its bound of documents', () => {
  it('refuses new documents, replaces and deletes present ones, and takes new ones after that', async () => {
    const fixture = await searchFixture(inProcessParts, fanOfDocuments(2));
    open.push(fixture);
    crowded(fixture.store, limits.documentsMax - 3);
    const write = (operations: Parameters<typeof fixture.service.write>[1]) =>
      fixture.service.write('default', operations, { waitSearchable: false });
    const refused = { code: 'catalogue_full', status: 507, retriable: false };
    await expect(write(puts(4))).rejects.toMatchObject(refused);
    await expect(fixture.service.document('default', 'd2')).rejects.toMatchObject({
      code: 'document_not_found',
    });
    await write(puts(3));
    await expect(write(puts(4, 3))).rejects.toMatchObject(refused);
    expect((await write(puts(3))).outcomes.map(({ version }) => version)).toEqual([3, 3, 2]);
    await write([{ kind: 'delete', id: 'd0' }]);
    await write(puts(4, 3));
    await expect(write(puts(5, 4))).rejects.toMatchObject(refused);
  });

  it('holds for the staged generation too', async () => {
    const fixture = await searchFixture(inProcessParts, []);
    open.push(fixture);
    crowded(fixture.store, limits.documentsMax - 1);
    const staged = await fixture.service.replaceCatalogue('default', { ...testSchema, name: 'next' });
    await staged.write(puts(1));
    await expect(staged.write(puts(2))).rejects.toMatchObject({ code: 'catalogue_full' });
  });

  it('never lets writes that run at once through together', async () => {
    const store = crowded(new MemoryDocumentStore(), limits.documentsMax - 5);
    const room = new CatalogueRoom(store);
    const outcomes = await Promise.allSettled(
      puts(20).map((put) =>
        room.within('default', 1, [put], async () => {
          await new Promise((resolve) => setImmediate(resolve));
          return store.write('default', 1, [put]);
        }),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(5);
    expect(await store.count('default', 1)).toBe(limits.documentsMax);
  });

  it('gives the room of a failed write back', async () => {
    const store = crowded(new MemoryDocumentStore(), limits.documentsMax - 1);
    const room = new CatalogueRoom(store);
    const failing = room.within('default', 1, puts(1), () => Promise.reject(new Error('gone')));
    await expect(failing).rejects.toThrow('gone');
    await room.within('default', 1, puts(1), () => store.write('default', 1, puts(1)));
  });
});

it('refuses facet values that the catalogue cannot number any more, and takes known ones', () => {
  const dictionary = new FacetDictionary();
  for (const { document } of puts(1))
    for (const [facet, values] of Object.entries(document.facets))
      for (const value of values) dictionary.intern(facet, value);
  const full = Object.create(dictionary, { size: { value: limits.facetValuesTotalMax } }) as FacetDictionary;
  full.codeOf = dictionary.codeOf.bind(dictionary);
  expect(() => refuseTooManyValues(full, testSchema, puts(1))).not.toThrow();
  expect(() => refuseTooManyValues(full, testSchema, puts(2))).toThrow(
    expect.objectContaining({ code: 'catalogue_full' }),
  );
});
