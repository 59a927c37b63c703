import { describe, expect, it } from 'vitest';
import type { CatalogueKey } from '../../src/ports/shared-index.ts';
import type { SyncClaim } from '../../src/ports/sync-log.ts';
import { put, remove } from './document-store-subject.ts';
import { type SyncUnderTest, textOf } from './sync-log-subject.ts';

const leaseMs = 60_000;

/** Whose turn it is where some generations are passed over, and what is known of each tenant. */
export function syncLogTurnsTests(tested: SyncUnderTest): void {
  const write = (key: CatalogueKey, ...ids: readonly string[]) =>
    tested.documents.write(
      key.tenant,
      key.generation,
      ids.map((id) => put(id)),
    );
  const claim = (except: readonly CatalogueKey[], limit = 100) =>
    tested.log.claim('milvus', limit, leaseMs, except);
  const keyOf = ({ tenant, generation }: SyncClaim): CatalogueKey => ({ tenant, generation });

  describe('generations that are passed over', () => {
    it('keep their documents, and nobody else waits for them, however many those are', async () => {
      await tested.log.follow('milvus');
      const [broken, one, two] = [
        await tested.catalogue(),
        await tested.catalogue(),
        await tested.catalogue(),
      ];
      for (let at = 0; at < 5; at++)
        await write(broken, ...Array.from({ length: 100 }, (_, i) => `${at} ${i}`));
      await write(one, 'a');
      await write(two, 'a', 'b');
      const seen: [CatalogueKey, string][] = [];
      for (let some = await claim([broken]); some !== null; some = await claim([broken])) {
        seen.push([keyOf(some), textOf(some)]);
        await tested.log.applied(some);
      }
      const sorted = (of: typeof seen) => of.sort(([a], [b]) => (a.tenant < b.tenant ? -1 : 1));
      expect(sorted(seen)).toEqual(
        sorted([
          [one, '+a@1'],
          [two, '+a@1 +b@1'],
        ]),
      );
      expect(await claim([broken, one, two])).toBeNull();
      const back = await claim([one, two]);
      expect(back).toMatchObject(broken);
      expect(back!.changes.length).toBe(100);
      // Another generation of the same tenant is not meant.
      const staged = await tested.staged(one);
      await write(staged, 'x');
      expect(await claim([broken, one])).toMatchObject(staged);
    });

    it('let the others take turns', async () => {
      await tested.log.follow('milvus');
      const broken = await tested.catalogue();
      const others = [await tested.catalogue(), await tested.catalogue(), await tested.catalogue()];
      await write(broken, 'a');
      for (const key of others) await write(key, 'a', 'b', 'c');
      const turns: string[] = [];
      for (let i = 0; i < 6; i++) {
        const some = (await claim([broken], 1))!;
        turns.push(some.tenant);
        await tested.log.applied(some);
        await tested.subject.passMs(10);
      }
      for (const { tenant } of others) expect(turns.filter((turn) => turn === tenant).length).toBe(2);
    });

    it('do not keep what was there before an index followed from being marked', async () => {
      const [broken, old] = [await tested.catalogue(), await tested.catalogue()];
      await write(old, 'a', 'b');
      await tested.log.follow('milvus');
      for (let some = await claim([]); some !== null; some = await claim([])) await tested.log.applied(some);
      await write(broken, ...Array.from({ length: 150 }, (_, i) => `d${i}`));
      await tested.log.requeue('milvus', old);
      const some = await claim([broken]);
      expect(some).toMatchObject(old);
      expect(textOf(some!)).toBe('+a@1 +b@1');
    });
  });

  it('holds what is made for a generation without documents, and nothing for one that is gone', async () => {
    const key = await tested.catalogue();
    const hold = (of: CatalogueKey) => tested.log.hold('milvus', of, leaseMs);
    expect(await hold(key)).toBe(false);
    await tested.log.follow('milvus');
    expect(await hold(key)).toBe(true);
    const staged = await tested.staged(key);
    await tested.documents.activateCatalogue(key.tenant, staged.generation);
    expect(await hold(key)).toBe(false);
    expect(await tested.log.dropped('milvus')).toEqual([]);
    await tested.subject.passMs(leaseMs + 1_000);
    expect(await tested.log.dropped('milvus')).toEqual([key]);
    await tested.log.forget('milvus', key);
    expect(await hold(key)).toBe(false);
    await tested.subject.passMs(leaseMs + 1_000);
    expect(await tested.log.dropped('milvus')).toEqual([]);
  });

  describe('what is known of a tenant', () => {
    it('is whether something of it waits, whatever waits of others', async () => {
      await tested.log.follow('milvus');
      const [one, two, three] = [
        await tested.catalogue(),
        await tested.catalogue(),
        await tested.catalogue(),
      ];
      const waiting = async () =>
        [
          ...(await tested.log.waiting(
            'milvus',
            [one, two, three, { tenant: 'nobody' }].map((key) => key.tenant),
          )),
        ].sort();
      expect(await waiting()).toEqual([]);
      await write(one, 'a');
      await write(await tested.staged(two), 'a');
      expect(await waiting()).toEqual([one.tenant, two.tenant].sort());
      const held = (await claim([]))!;
      expect(await waiting()).toEqual([one.tenant, two.tenant].sort());
      await tested.log.applied(held);
      expect(await waiting()).toEqual([held.tenant === one.tenant ? two.tenant : one.tenant]);
      await tested.log.failed((await claim([]))!, 'invalid_document', null);
      expect(await waiting()).toEqual([]);
      await tested.log.requeue('milvus', one);
      expect(await waiting()).toEqual([one.tenant]);
      expect(await tested.log.waiting('neo4j', [one.tenant])).toEqual([]);
      expect(await tested.log.waiting('milvus', [])).toEqual([]);
    });

    it('is whether any document of a generation counts as applied', async () => {
      const key = await tested.catalogue();
      const applied = () => tested.log.hasApplied('milvus', key);
      await write(key, 'a', 'b');
      // Of what was there before nothing was applied, whether it is marked yet or not.
      expect(await applied()).toBe(false);
      await tested.log.follow('milvus');
      expect(await applied()).toBe(false);
      const first = (await claim([], 1))!;
      expect(await applied()).toBe(false);
      await tested.log.applied(first);
      expect(await applied()).toBe(true);
      expect(await tested.log.hasApplied('neo4j', key)).toBe(false);
      await tested.log.requeue('milvus', key);
      expect(await applied()).toBe(false);
      for (let some = await claim([]); some !== null; some = await claim([])) await tested.log.applied(some);
      expect(await applied()).toBe(true);
      // What the index refuses it does not have, and what is deleted it need not have.
      await write(key, 'a');
      await tested.log.failed((await claim([]))!, 'invalid_document', null);
      await tested.documents.write(key.tenant, key.generation, [remove('b')]);
      await tested.log.applied((await claim([]))!);
      expect(await applied()).toBe(false);
    });
  });
}
