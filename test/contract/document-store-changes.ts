import { describe, expect, it } from 'vitest';
import {
  documentOf,
  follow,
  put,
  remove,
  type StoreUnderTest,
  schemaNamed,
} from './document-store-subject.ts';

export function changeTests(tested: StoreUnderTest): void {
  describe('changes', () => {
    it('start with the live documents, in the order of their last write', async () => {
      const { store } = tested;
      const tenant = await tested.tenant();
      await store.write(tenant, 1, [put('b'), put('a')]);
      await store.write(tenant, 1, [put('c')]);
      await store.write(tenant, 1, [put('a'), remove('c')]);
      await store.write(tenant, 1, [put('d')]);
      for (const limit of [1, 2, 3, 100])
        expect((await follow(store, tenant, 1, null, limit)).seen).toEqual(['+b@1', '+a@2', '+d@1']);
    });

    it('carry whole documents', async () => {
      const tenant = await tested.tenant();
      const document = documentOf('a', { relations: [{ type: 'NEXT', id: 'b', strength: 0.5 }] });
      await tested.store.write(tenant, 1, [{ kind: 'put', document }]);
      const page = await tested.store.changes(tenant, 1, null, 10);
      expect(page.changes).toEqual([{ kind: 'put', document: { ...document, version: 1 } }]);
      expect(page.complete).toBe(true);
    });

    it('go on behind a cursor with puts and deletes, each document once in its last state', async () => {
      const { store } = tested;
      const tenant = await tested.tenant();
      await store.write(
        tenant,
        1,
        ['a', 'b', 'c'].map((id) => put(id)),
      );
      const { cursor } = await follow(store, tenant, 1, null);
      await store.write(tenant, 1, [put('b')]);
      await store.write(tenant, 1, [remove('a'), put('new')]);
      await store.write(tenant, 1, [put('b')]);
      const next = await follow(store, tenant, 1, cursor, 1);
      expect(next.seen).toEqual(['-a@2', '+new@1', '+b@3']);
      expect((await follow(store, tenant, 1, next.cursor)).seen).toEqual([]);
    });

    it('show a document that was deleted and put again as put', async () => {
      const { store } = tested;
      const tenant = await tested.tenant();
      await store.write(tenant, 1, [put('a')]);
      const { cursor } = await follow(store, tenant, 1, null);
      await store.write(tenant, 1, [remove('a')]);
      await store.write(tenant, 1, [put('a')]);
      expect((await follow(store, tenant, 1, cursor)).seen).toEqual(['+a@3']);
    });

    it('keep the cursor while nothing changes, also at the very beginning', async () => {
      const { store } = tested;
      const tenant = await tested.tenant();
      const empty = await store.changes(tenant, 1, null, 10);
      expect(empty.changes).toEqual([]);
      expect((await store.changes(tenant, 1, empty.cursor, 10)).cursor).toBe(empty.cursor);
      await store.write(tenant, 1, [put('a'), put('b')]);
      const { seen, cursor } = await follow(store, tenant, 1, empty.cursor);
      expect(seen).toEqual(['+a@1', '+b@1']);
      await store.write(tenant, 1, [remove('nobody')]);
      expect((await store.changes(tenant, 1, cursor, 10)).cursor).toBe(cursor);
    });

    it('leave out what was deleted before a reader began, on every page of its load', async () => {
      const { store } = tested;
      const tenant = await tested.tenant();
      await store.write(
        tenant,
        1,
        ['a', 'b', 'c', 'd'].map((id) => put(id)),
      );
      await store.write(tenant, 1, [remove('b'), remove('c')]);
      await store.write(tenant, 1, [put('e')]);
      const first = await store.changes(tenant, 1, null, 1);
      await store.write(tenant, 1, [remove('d')]);
      expect((await follow(store, tenant, 1, first.cursor, 1)).seen).toEqual(['+e@1', '-d@2']);
    });

    it('bring a document that changes during a load at least in its last state', async () => {
      const { store } = tested;
      const tenant = await tested.tenant();
      await store.write(
        tenant,
        1,
        ['a', 'b', 'c'].map((id) => put(id)),
      );
      const first = await store.changes(tenant, 1, null, 1);
      await store.write(tenant, 1, [put('a'), put('c')]);
      expect((await follow(store, tenant, 1, first.cursor, 1)).seen).toEqual(['+b@1', '+a@2', '+c@2']);
    });

    it('belong to one tenant and one generation', async () => {
      const { store } = tested;
      const [one, two] = [await tested.tenant(), await tested.tenant()];
      await store.write(one, 1, [put('a')]);
      await store.stageCatalogue(one, schemaNamed('second'));
      await store.write(one, 2, [put('b')]);
      await store.write(two, 1, [put('c')]);
      expect((await follow(store, one, 1, null)).seen).toEqual(['+a@1']);
      expect((await follow(store, one, 2, null)).seen).toEqual(['+b@1']);
      expect((await follow(store, two, 1, null)).seen).toEqual(['+c@1']);
      const { cursor } = await follow(store, one, 1, null);
      expect((await store.changes(one, 2, cursor, 10)).complete).toBe(false);
    });

    it('refuse a cursor that no store made, and a catalogue that is not there', async () => {
      const tenant = await tested.tenant();
      for (const cursor of ['', 'x', '1:2', '1:2:-3:a', '1:2:99999999999999999999999:a'])
        await expect(tested.store.changes(tenant, 1, cursor, 10)).rejects.toMatchObject({
          code: 'invalid_request',
        });
      await expect(tested.store.changes(tested.emptyTenant(), 1, null, 10)).rejects.toMatchObject({
        code: 'no_catalogue',
      });
    });

    it('are not complete behind a cursor from the future, as after a restored backup', async () => {
      const tenant = await tested.tenant();
      const page = await tested.store.changes(tenant, 1, '1:1:9000000000000000000:a', 10);
      expect(page).toMatchObject({ complete: false, changes: [] });
    });
  });

  describe('tombstones', () => {
    it('are kept for a day, then a reader behind them must start again', async () => {
      const { store } = tested;
      const tenant = await tested.tenant();
      await store.write(
        tenant,
        1,
        ['a', 'b', 'c', 'z'].map((id) => put(id)),
      );
      const { cursor: behind } = await follow(store, tenant, 1, null);
      await store.write(tenant, 1, [remove('a'), put('b')]);
      const { cursor: caughtUp } = await follow(store, tenant, 1, behind);

      tested.passHours(23);
      await store.write(tenant, 1, [put('c')]);
      await store.ping();
      expect((await follow(store, tenant, 1, behind)).seen).toEqual(['-a@2', '+b@2', '+c@2']);

      tested.passHours(2);
      await store.write(tenant, 1, [put('c')]);
      await expect
        .poll(async () => (await store.changes(tenant, 1, behind, 10)).complete, { timeout: 10_000 })
        .toBe(false);
      expect(await store.changes(tenant, 1, behind, 10)).toEqual({
        changes: [],
        cursor: behind,
        complete: false,
      });
      // Who had seen the delete misses nothing, and who starts now is not asked to start again.
      expect((await follow(store, tenant, 1, caughtUp)).seen).toEqual(['+c@3']);
      expect((await follow(store, tenant, 1, null, 1)).seen).toEqual(['+z@1', '+b@2', '+c@3']);
    });

    it('of one catalogue do not make readers of another start again', async () => {
      const { store } = tested;
      const [one, two] = [await tested.tenant(), await tested.tenant()];
      await store.write(two, 1, [put('x')]);
      const { cursor } = await follow(store, two, 1, null);
      const { cursor: lost } = await follow(store, one, 1, null);
      await store.write(one, 1, [put('a'), remove('a')]);
      tested.passHours(25);
      await store.write(one, 1, [put('b')]);
      await expect
        .poll(async () => (await store.changes(one, 1, lost, 10)).complete, { timeout: 10_000 })
        .toBe(false);
      expect((await store.changes(two, 1, cursor, 10)).complete).toBe(true);
    });

    it('that are gone take the count of versions with them', async () => {
      const { store } = tested;
      const tenant = await tested.tenant();
      await store.write(tenant, 1, [put('a'), remove('a')]);
      tested.passHours(25);
      await store.write(tenant, 1, [put('b')]);
      await expect
        .poll(async () => (await store.write(tenant, 1, [remove('a')]))[0]?.version, { timeout: 10_000 })
        .toBe(0);
      expect(await store.write(tenant, 1, [put('a')])).toEqual([{ id: 'a', version: 1 }]);
    });
  });
}
