import { describe, expect, it } from 'vitest';
import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import { put, type StoreUnderTest, schemaNamed } from './document-store-subject.ts';

export function catalogueTests(tested: StoreUnderTest): void {
  describe('catalogues', () => {
    it('has none before one was set', async () => {
      expect(await tested.store.catalogue(tested.emptyTenant())).toBeNull();
    });

    it('sets the first schema as generation 1 and keeps it as it was given', async () => {
      const tenant = tested.emptyTenant();
      const schema = schemaNamed('first');
      expect(await tested.store.createCatalogue(tenant, schema)).toEqual({ schema, generation: 1 });
      const read = await tested.store.catalogue(tenant);
      expect(JSON.stringify(read?.schema)).toBe(JSON.stringify(schema));
    });

    it('returns the present catalogue for an equal schema, whatever the order of its keys', async () => {
      const tenant = await tested.tenant();
      const reversed = Object.fromEntries(Object.entries(schemaNamed('first')).reverse());
      const found = await tested.store.createCatalogue(tenant, reversed as unknown as CatalogueSchema);
      expect(found).toEqual({ schema: schemaNamed('first'), generation: 1 });
    });

    it('takes a schema from before there were tiers for one with f32', async () => {
      const tenant = tested.emptyTenant();
      const schema = schemaNamed('first');
      const { tier: _, ...embedding } = schema.embedding;
      await tested.store.createCatalogue(tenant, { ...schema, embedding } as CatalogueSchema);
      expect(await tested.store.catalogue(tenant)).toEqual({ schema, generation: 1 });
      expect(await tested.store.createCatalogue(tenant, schema)).toEqual({ schema, generation: 1 });
      const other = { ...schema, embedding: { ...schema.embedding, tier: 'int8' as const } };
      await expect(tested.store.createCatalogue(tenant, other)).rejects.toMatchObject({
        code: 'catalogue_conflict',
      });
    });

    it('refuses another schema and keeps the live one', async () => {
      const tenant = await tested.tenant();
      await expect(tested.store.createCatalogue(tenant, schemaNamed('second'))).rejects.toMatchObject({
        code: 'catalogue_conflict',
      });
      expect((await tested.store.catalogue(tenant))?.schema.name).toBe('first');
    });

    it('gives one catalogue to calls that race for the first', async () => {
      const tenant = tested.emptyTenant();
      const made = await Promise.all(
        Array.from({ length: 5 }, () => tested.store.createCatalogue(tenant, schemaNamed('first'))),
      );
      expect(made.map((catalogue) => catalogue.generation)).toEqual([1, 1, 1, 1, 1]);
    });

    it('stages the next generation beside the live one', async () => {
      const tenant = await tested.tenant();
      await tested.store.write(tenant, 1, [put('a')]);
      const staged = await tested.store.stageCatalogue(tenant, schemaNamed('second'));
      expect(staged).toEqual({ schema: schemaNamed('second'), generation: 2 });
      await tested.store.write(tenant, 2, [put('a', { title: 'staged' }), put('b')]);
      expect((await tested.store.catalogue(tenant))?.generation).toBe(1);
      expect((await tested.store.get(tenant, 1, 'a'))?.title).toBe('Title of a');
      expect([await tested.store.count(tenant, 1), await tested.store.count(tenant, 2)]).toEqual([1, 2]);
    });

    it('finds an interrupted stage again, with what was written', async () => {
      const tenant = await tested.tenant();
      await tested.store.stageCatalogue(tenant, schemaNamed('second'));
      await tested.store.write(tenant, 2, [put('a')]);
      const again = await tested.store.stageCatalogue(tenant, schemaNamed('second'));
      expect(again.generation).toBe(2);
      expect(await tested.store.count(tenant, 2)).toBe(1);
    });

    it('drops a stage for another schema and never gives its number again', async () => {
      const tenant = await tested.tenant();
      await tested.store.stageCatalogue(tenant, schemaNamed('second'));
      await tested.store.write(tenant, 2, [put('a')]);
      expect((await tested.store.stageCatalogue(tenant, schemaNamed('third'))).generation).toBe(3);
      await expect(tested.store.write(tenant, 2, [put('b')])).rejects.toMatchObject({ code: 'no_catalogue' });
      await expect.poll(() => tested.store.count(tenant, 2)).toBe(0);
      expect((await tested.store.stageCatalogue(tenant, schemaNamed('second'))).generation).toBe(4);
    });

    it('can stage the schema that is live', async () => {
      const tenant = await tested.tenant();
      expect((await tested.store.stageCatalogue(tenant, schemaNamed('first'))).generation).toBe(2);
    });

    it('swaps a staged generation in and deletes the old documents', async () => {
      const tenant = await tested.tenant();
      await tested.store.write(
        tenant,
        1,
        Array.from({ length: 50 }, (_, i) =>
          put(`old ${i}`, { relations: [{ type: 'NEXT', id: 'a', strength: 1 }] }),
        ),
      );
      await tested.store.stageCatalogue(tenant, schemaNamed('second'));
      await tested.store.write(tenant, 2, [put('new')]);
      const live = { schema: schemaNamed('second'), generation: 2 };
      expect(await tested.store.activateCatalogue(tenant, 2)).toEqual(live);
      expect(await tested.store.catalogue(tenant)).toEqual(live);
      await expect.poll(() => tested.store.list(tenant, 1, null, 100)).toEqual([]);
      expect(await tested.store.get(tenant, 1, 'old 1')).toBeNull();
      expect((await tested.store.list(tenant, 2, null, 100)).map(({ id }) => id)).toEqual(['new']);
    });

    it('takes no writes and gives no changes of a generation that is gone', async () => {
      const tenant = await tested.tenant();
      const { cursor } = await tested.store.changes(tenant, 1, null, 10);
      await tested.store.stageCatalogue(tenant, schemaNamed('second'));
      await tested.store.activateCatalogue(tenant, 2);
      await expect(tested.store.write(tenant, 1, [put('a')])).rejects.toMatchObject({ code: 'no_catalogue' });
      await expect(tested.store.changes(tenant, 1, cursor, 10)).rejects.toMatchObject({
        code: 'no_catalogue',
      });
    });

    it('activates again without harm, and nothing that is not there', async () => {
      const tenant = await tested.tenant();
      await tested.store.write(tenant, 1, [put('a')]);
      expect((await tested.store.activateCatalogue(tenant, 1)).generation).toBe(1);
      await expect(tested.store.activateCatalogue(tenant, 7)).rejects.toMatchObject({ code: 'no_catalogue' });
      expect(await tested.store.count(tenant, 1)).toBe(1);
    });

    it('writes nothing for a tenant without a catalogue', async () => {
      const tenant = tested.emptyTenant();
      await expect(tested.store.write(tenant, 1, [put('a')])).rejects.toMatchObject({ code: 'no_catalogue' });
      expect(await tested.store.count(tenant, 1)).toBe(0);
    });
  });
}
