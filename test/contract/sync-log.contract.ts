import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import type { DocumentWrite } from '../../src/ports/document-store.ts';
import type { CatalogueKey } from '../../src/ports/shared-index.ts';
import type { SyncClaim } from '../../src/ports/sync-log.ts';
import { documentOf, put, remove, schemaNamed, unusualIds } from './document-store-subject.ts';
import { syncLogModelTests } from './sync-log-model.ts';
import { idOf, idsOf, type SyncSubject, SyncUnderTest, textOf } from './sync-log-subject.ts';
import { syncLogTurnsTests } from './sync-log-turns.ts';

const leaseMs = 60_000;

/** What every SyncLog must do. The suite follows indexes of a whole database, so that must be the subject's own. */
export function syncLogContract(name: string, open: () => Promise<SyncSubject>): void {
  describe(`SyncLog: ${name}`, () => {
    const tested = new SyncUnderTest();
    beforeAll(async () => {
      tested.subject = await open();
    }, 120_000);
    afterAll(() => tested.subject.close());
    beforeEach(() => tested.subject.clear());

    const write = (key: CatalogueKey, ...writes: readonly DocumentWrite[]) =>
      tested.documents.write(key.tenant, key.generation, writes);
    const claim = (limit = 100) => tested.log.claim('milvus', limit, leaseMs);
    const claimed = async (limit = 100): Promise<SyncClaim> => {
      const some = await claim(limit);
      if (some === null) throw new Error('nothing is due');
      return some;
    };
    const pending = async (key?: CatalogueKey) => (await tested.log.lag('milvus', key)).pending;

    describe('what is due', () => {
      it('is nothing while no index follows', async () => {
        const key = await tested.catalogue();
        await write(key, put('a'));
        expect(await claim()).toBeNull();
        expect(await tested.log.lag('milvus')).toEqual({ pending: 0, oldestEpochMs: null, parked: 0 });
      });

      it('is every write, in its newest state, with everything that the truth knows of it', async () => {
        await tested.log.follow('milvus');
        const key = await tested.catalogue();
        const relations = [{ type: 'NEXT', id: 'b', strength: 0.5 }];
        const document = documentOf('a', { title: 'newest', relations, fields: { year: 2001, seen: true } });
        await write(key, put('a'), put('gone'));
        await write(key, { kind: 'put', document }, remove('gone'), put('b'), remove('never'));
        const some = await claimed();
        expect(some).toMatchObject({ ...key, index: 'milvus', schema: schemaNamed('first') });
        expect(some.changes).toEqual([
          { kind: 'put', document: { ...document, version: 2 } },
          { kind: 'put', document: { ...documentOf('b'), version: 1 } },
          { kind: 'delete', id: 'gone', version: 2 },
        ]);
        expect(await tested.log.applied(some)).toBe(true);
        expect(await claim()).toBeNull();
        expect(await pending()).toBe(0);
      });

      it('takes any id', async () => {
        await tested.log.follow('milvus');
        const key = await tested.catalogue();
        await write(key, ...unusualIds.map((id) => put(id)));
        const some = await claimed();
        expect(new Set(idsOf(some))).toEqual(new Set(unusualIds));
        expect(await tested.log.applied(some)).toBe(true);
        expect(await pending()).toBe(0);
      });

      it('is each index its own', async () => {
        await tested.log.follow('milvus');
        await tested.log.follow('neo4j');
        const key = await tested.catalogue();
        await write(key, put('a'));
        const [vectors, graph] = [await claimed(), (await tested.log.claim('neo4j', 10, leaseMs))!];
        expect([vectors, graph].map(textOf)).toEqual(['+a@1', '+a@1']);
        expect(await tested.log.applied({ ...vectors, index: 'neo4j' })).toBe(false);
        await tested.log.applied(vectors);
        expect([await pending(), (await tested.log.lag('neo4j')).pending]).toEqual([0, 1]);
        await tested.log.unfollow('neo4j');
        expect((await tested.log.lag('neo4j')).pending).toBe(0);
        expect(await tested.log.applied(graph)).toBe(false);
        await write(key, put('a'));
        expect(await tested.log.claim('neo4j', 10, leaseMs)).toBeNull();
        expect(textOf(await claimed())).toBe('+a@2');
      });

      it('is kept apart by tenant and generation, live and staged, one of them a claim, longest waiting first', async () => {
        await tested.log.follow('milvus');
        const [first, second] = [await tested.catalogue(), await tested.catalogue()];
        const staged = await tested.staged(first);
        await write(second, put('a'));
        await write(staged, put('a'), put('b'));
        await write(first, put('a'));
        await write(second, put('b'));
        const seen: [CatalogueKey, string][] = [];
        for (let some = await claim(); some !== null; some = await claim()) {
          const { tenant, generation } = some;
          seen.push([{ tenant, generation }, textOf(some)]);
        }
        expect(seen).toEqual([
          [second, '+a@1 +b@1'],
          [staged, '+a@1 +b@1'],
          [first, '+a@1'],
        ]);
      });

      it('is claimed in bounded portions, longest waiting first', async () => {
        await tested.log.follow('milvus');
        const key = await tested.catalogue();
        for (const id of ['c', 'a', 'b']) await write(key, put(id));
        expect(textOf(await claimed(2))).toBe('+a@1 +c@1');
        expect(textOf(await claimed(2))).toBe('+b@1');
        expect(await claim(2)).toBeNull();
      });

      it('says how much waits and since when', async () => {
        await tested.log.follow('milvus');
        const [one, two] = [await tested.catalogue(), await tested.catalogue()];
        await write(one, put('a'));
        await tested.subject.passMs(10_000);
        await write(two, put('a'), put('b'));
        const [all, first, second] = [
          await tested.log.lag('milvus'),
          await tested.log.lag('milvus', one),
          await tested.log.lag('milvus', two),
        ];
        expect([all, first, second].map((lag) => [lag.pending, lag.parked])).toEqual([
          [3, 0],
          [1, 0],
          [2, 0],
        ]);
        expect(all.oldestEpochMs).toBe(first.oldestEpochMs);
        expect(second.oldestEpochMs! - first.oldestEpochMs!).toBeGreaterThanOrEqual(10_000);
        // What is being worked on is not there yet.
        await claimed();
        expect(await pending()).toBe(3);
      });
    });

    describe('a claim', () => {
      it("is nobody else's: workers that claim at once share the documents out", async () => {
        await tested.log.follow('milvus');
        const keys = [await tested.catalogue(), await tested.catalogue()];
        for (const key of keys) await write(key, ...Array.from({ length: 100 }, (_, i) => put(`d${i}`)));
        const held: string[] = [];
        await Promise.all(
          tested.subject.workers.map(async (log) => {
            for (let idle = 0; idle < 3; ) {
              const some = await log.claim('milvus', 7, leaseMs);
              if (some === null) idle++;
              else held.push(...idsOf(some).map((id) => `${some.tenant} ${id}`));
            }
          }),
        );
        expect(held.length).toBe(200);
        expect(new Set(held).size).toBe(200);
      });

      it('keeps documents that are written meanwhile due', async () => {
        await tested.log.follow('milvus');
        const key = await tested.catalogue();
        await write(key, put('a'), put('b'), put('c'));
        const some = await claimed();
        await write(key, put('b'), remove('c'));
        await write(key, put('b'));
        expect(await claim()).toBeNull();
        expect(await tested.log.applied(some)).toBe(true);
        expect(await pending()).toBe(2);
        expect(textOf(await claimed())).toBe('+b@3 -c@2');
      });

      it('ends with its lease: the next worker takes over, and the late one records nothing', async () => {
        await tested.log.follow('milvus');
        const key = await tested.catalogue();
        await write(key, put('a'), put('b'));
        const late = await claimed();
        await tested.subject.passMs(leaseMs + 1_000);
        const next = await claimed();
        expect(next.token).not.toBe(late.token);
        expect(await tested.log.applied(late)).toBe(false);
        expect(await pending()).toBe(2);
        await tested.log.failed(late, 'unavailable', null);
        expect(await tested.log.lag('milvus')).toMatchObject({ pending: 2, parked: 0 });
        expect(await tested.log.applied(next)).toBe(true);
        expect(await tested.log.applied(next)).toBe(false);
      });

      it('may be settled in parts', async () => {
        await tested.log.follow('milvus');
        const key = await tested.catalogue();
        await write(key, put('a'), put('b'), put('c'));
        const some = await claimed();
        const part = (...ids: string[]) => ({
          ...some,
          changes: some.changes.filter((change) => ids.includes(idOf(change))),
        });
        await tested.log.failed(part('b'), 'invalid_document', null);
        expect(await tested.log.applied(part('a'))).toBe(true);
        expect(await tested.log.applied(part('a', 'c'))).toBe(false);
        expect(await tested.log.applied(part('c'))).toBe(true);
        expect(await tested.log.lag('milvus')).toMatchObject({ pending: 0, parked: 1 });
      });
    });

    describe('a failure', () => {
      it('is due again after its pause, with what was written meanwhile', async () => {
        await tested.log.follow('milvus');
        const key = await tested.catalogue();
        await write(key, put('a'));
        await tested.log.failed(await claimed(), 'unavailable', 30_000);
        await write(key, put('a'));
        expect(await claim()).toBeNull();
        expect(await pending()).toBe(1);
        await tested.subject.passMs(31_000);
        expect(textOf(await claimed())).toBe('+a@2');
      });

      it('is parked when it is for good, until the next write', async () => {
        await tested.log.follow('milvus');
        const key = await tested.catalogue();
        await write(key, put('a'), put('b'));
        await tested.log.failed(await claimed(), 'invalid_document', null);
        expect(await tested.log.lag('milvus', key)).toEqual({ pending: 0, oldestEpochMs: null, parked: 2 });
        await tested.subject.passMs(1e9);
        expect(await claim()).toBeNull();
        await write(key, put('a'));
        expect(await tested.log.lag('milvus')).toMatchObject({ pending: 1, parked: 1 });
        const some = await claimed();
        expect(textOf(some)).toBe('+a@2');
        await tested.log.applied(some);
        expect(await tested.log.requeue('milvus', key, ['b', 'b'])).toBe(1);
        expect(textOf(await claimed())).toBe('+b@1');
      });

      it('does not park what was written again before it was known', async () => {
        await tested.log.follow('milvus');
        const key = await tested.catalogue();
        await write(key, put('a'), put('b'));
        const some = await claimed();
        await write(key, put('a'));
        await tested.log.failed(some, 'invalid_document', null);
        expect(textOf(await claimed())).toBe('+a@2');
        expect(await tested.log.lag('milvus')).toMatchObject({ pending: 1, parked: 1 });
      });

      it('takes a reason of any length', async () => {
        await tested.log.follow('milvus');
        const key = await tested.catalogue();
        await write(key, put('a'));
        await tested.log.failed(await claimed(), 'x'.repeat(100_000), 0);
        expect(textOf(await claimed())).toBe('+a@1');
      });
    });

    describe('an index that begins to follow', () => {
      it('gets what was there before, in steps, and once', async () => {
        const [key, other] = [await tested.catalogue(), await tested.catalogue()];
        const staged = await tested.staged(key);
        const ids = Array.from({ length: limits.syncMarkRows + 50 }, (_, i) => `d${i}`);
        for (let at = 0; at < ids.length; at += limits.writeRowsMax)
          await write(key, ...ids.slice(at, at + limits.writeRowsMax).map((id) => put(id)));
        await write(key, remove('d7'));
        await write(other, put('x'));
        await write(staged, put('y'));
        await tested.log.follow('milvus');
        expect(await pending()).toBe(ids.length + 1);
        await write(key, put('d3'), remove('d4'));
        const seen = new Map<string, string[]>();
        for (let some = await claim(); some !== null; some = await claim()) {
          const name = `${some.tenant} ${some.generation}`;
          seen.set(name, [...(seen.get(name) ?? []), ...textOf(some).split(' ')]);
          expect(await tested.log.applied(some)).toBe(true);
          await tested.log.follow('milvus');
        }
        const wanted = ids
          .filter((id) => id !== 'd7')
          .map((id) => (id === 'd3' ? '+d3@2' : id === 'd4' ? '-d4@2' : `+${id}@1`));
        expect(seen.get(`${key.tenant} 1`)!.sort()).toEqual(wanted.sort());
        expect(seen.get(`${other.tenant} 1`)).toEqual(['+x@1']);
        expect(seen.get(`${staged.tenant} 2`)).toEqual(['+y@1']);
        expect(await pending()).toBe(0);
      });

      it('misses no write that runs at the same time', async () => {
        const key = await tested.catalogue();
        const writes = Array.from({ length: 20 }, (_, i) => write(key, put(`d${i}`), put('hot')));
        await Promise.all([...writes, ...tested.subject.workers.map((log) => log.follow('milvus'))]);
        const newest = new Map<string, string>();
        for (let some = await claim(); some !== null; some = await claim()) {
          for (const change of some.changes) newest.set(idOf(change), textOf({ ...some, changes: [change] }));
          await tested.log.applied(some);
        }
        expect(newest.size).toBe(21);
        expect(newest.get('hot')).toBe('+hot@20');
      });

      it('starts anew after it has stopped', async () => {
        await tested.log.follow('milvus');
        const key = await tested.catalogue();
        await write(key, put('a'), put('b'));
        await tested.log.applied(await claimed(1));
        await tested.log.unfollow('milvus');
        await tested.log.unfollow('milvus');
        expect([await pending(), await claim()]).toEqual([0, null]);
        expect(await tested.log.requeue('milvus', key)).toBe(0);
        expect(await tested.log.requeue('milvus', key, ['a'])).toBe(0);
        await tested.log.follow('milvus');
        expect(textOf(await claimed())).toBe('+a@1 +b@1');
      });
    });

    describe('requeue', () => {
      it('makes documents due again, whoever holds them', async () => {
        await tested.log.follow('milvus');
        const key = await tested.catalogue();
        await write(key, put('a'), put('b'), put('c'), remove('c'));
        await tested.log.applied(await claimed());
        await write(key, put('b'));
        const held = await claimed();
        expect(await tested.log.requeue('milvus', key, ['b', 'c', 'never'])).toBe(3);
        // Its lease goes on, and what it records does not count: two workers would take each other's lease away for ever.
        const others = await claimed();
        expect(textOf(others)).toBe(`-c@2 -never@${Number.MAX_SAFE_INTEGER}`);
        await tested.log.applied(others);
        expect(await tested.log.applied(held)).toBe(true);
        const again = await claimed();
        expect(textOf(again)).toBe('+b@2');
        await tested.log.applied(again);
        expect(await tested.log.requeue('milvus', key, [])).toBe(0);
        expect(await claim()).toBeNull();
        await write(key, put('never'));
        expect(textOf(await claimed())).toBe('+never@1');
      });

      it('makes all of a generation due again, and nothing else', async () => {
        await tested.log.follow('milvus');
        const [key, other] = [await tested.catalogue(), await tested.catalogue()];
        await write(key, put('a'), put('b'), put('c'));
        await write(other, put('a'));
        await tested.log.applied(await claimed());
        await tested.log.applied(await claimed());
        await write(key, put('c'), put('d'), remove('d'));
        const held = await claimed();
        expect(await tested.log.requeue('milvus', key)).toBe(3);
        expect(await tested.log.applied(held)).toBe(false);
        expect(await pending(other)).toBe(0);
        const seen: string[] = [];
        for (let some = await claim(); some !== null; some = await claim()) {
          seen.push(...textOf(some).split(' '));
          await tested.log.applied(some);
        }
        expect(seen.sort()).toEqual(['+a@1', '+b@1', '+c@2', '-d@2']);
        expect(await pending()).toBe(0);
        expect(await tested.log.requeue('milvus', { ...key, generation: 9 })).toBe(0);
        expect(await tested.log.requeue('milvus', { ...key, generation: 9 }, ['a'])).toBe(0);
      });
    });

    describe('a generation that is gone', () => {
      it('is not due, and is told until it is forgotten', async () => {
        await tested.log.follow('milvus');
        const key = await tested.catalogue();
        await write(key, put('a'), put('b'));
        const held = await claimed(1);
        const staged = await tested.staged(key);
        await write(staged, put('a'));
        expect(await tested.log.dropped('milvus')).toEqual([]);
        await tested.documents.activateCatalogue(key.tenant, staged.generation);
        const next = await claimed();
        expect(next.generation).toBe(staged.generation);
        await tested.log.applied(next);
        expect(await claim()).toBeNull();
        expect(await pending()).toBe(0);
        // Somebody may still be writing what it held.
        expect(await tested.log.dropped('milvus')).toEqual([]);
        await tested.log.forget('milvus', key);
        await tested.subject.passMs(leaseMs + 1_000);
        expect(await tested.log.dropped('milvus')).toEqual([key]);
        expect(await tested.log.dropped('neo4j')).toEqual([]);
        await tested.log.forget('milvus', key);
        await tested.log.forget('milvus', staged);
        expect(await tested.log.dropped('milvus')).toEqual([]);
        expect(await claim()).toBeNull();
        expect(textOf(held)).toBe('+a@1');
        await tested.documents.activateCatalogue(key.tenant, (await tested.staged(key, 'third')).generation);
        await tested.subject.passMs(leaseMs + 1_000);
        expect(await tested.log.dropped('milvus')).toEqual([staged]);
      });
    });

    syncLogTurnsTests(tested);
    syncLogModelTests(tested);
  });
}
