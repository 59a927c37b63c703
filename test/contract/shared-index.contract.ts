import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { DocumentChange, StoredDocument } from '../../src/domain/document.ts';
import { limits } from '../../src/limits.ts';
import type { CatalogueKey, IndexedVersion, SharedIndex } from '../../src/ports/shared-index.ts';
import { testSchema } from '../support/arbitraries.ts';
import { hostileTexts } from '../support/hostile-texts.ts';
import { Random } from '../support/random.ts';
import { documentOf } from '../support/recall-subject.ts';

/** A shared index under test, on an engine that others use at the same time. */
export interface SharedIndexSubject {
  readonly index: SharedIndex;
  /** Opens another one over the same engine, as a second process has it. It is closed by who asked. */
  another(): Promise<SharedIndex>;
  /** Which generation others see under the live name of the tenant's catalogue; null: none. */
  liveGeneration(tenant: string): Promise<number | null>;
  /** Whether the engine can tell that a write is older than what it has. */
  readonly refusesOlder: boolean;
  /** Whether it stores vectors, and so has to refuse those that are none. */
  readonly keepsVectors: boolean;
  close(): Promise<void>;
}

let tenants = 0;
const byUtf8 = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const put = (document: StoredDocument): DocumentChange => ({ kind: 'put', document });
const deletion = (id: string, version = 99): DocumentChange => ({ kind: 'delete', id, version });

/** What every index that follows the truth from outside the process must do. */
export function sharedIndexContract(
  name: string,
  open: () => Promise<SharedIndexSubject>,
  schema: CatalogueSchema = testSchema,
): void {
  describe(`SharedIndex contract: ${name}`, { timeout: 180_000 }, () => {
    let subject: SharedIndexSubject;
    let index: SharedIndex;
    const random = new Random(`shared index ${name}`);
    beforeAll(async () => {
      subject = await open();
      index = subject.index;
    });
    afterAll(() => subject.close());

    const { dimension } = schema.embedding;
    const document = (id: string, version = 1, content: Partial<StoredDocument> = {}) =>
      documentOf(id, {
        version,
        title: `Title of ${id}`,
        embedding: random.unitVector(dimension),
        ...content,
      });
    const documents = (count: number, version = 1) =>
      Array.from({ length: count }, (_, i) => document(`d${i}`, version));
    const freshKey = (generation = 1): CatalogueKey => ({
      tenant: `tenant-${process.pid}-${Date.now()}-${tenants++}`,
      generation,
    });
    const prepare = ({ tenant, generation }: CatalogueKey, by = index) =>
      by.prepare(tenant, { schema, generation });
    const prepared = async (generation = 1) => {
      const key = freshKey(generation);
      await prepare(key);
      return key;
    };
    const all = (key: CatalogueKey, by = index) => by.versions(key, null, 10_000);
    const versionsOf = (put: readonly StoredDocument[]): IndexedVersion[] =>
      put.map(({ id, version }) => ({ id, version })).sort((a, b) => byUtf8(a.id, b.id));

    it('keeps what it is given, in the versions that it was given', async () => {
      const key = await prepared();
      expect(await all(key)).toEqual([]);
      const given = documents(limits.sharedIndexBatchMax);
      await index.apply(key, given.map(put));
      expect(await all(key)).toEqual(versionsOf(given));
      await index.apply(key, []);
      expect(await all(key)).toEqual(versionsOf(given));
    });

    it('replaces and deletes documents, and may be told twice', async () => {
      const key = await prepared();
      await index.apply(key, documents(10).map(put));
      const changes = [
        put(document('d3', 2)),
        put(document('new', 7)),
        deletion('d4'),
        deletion('never was'),
      ];
      for (let time = 0; time < 2; time++) {
        await index.apply(key, changes);
        const left = new Map((await all(key)).map(({ id, version }) => [id, version]));
        expect(left.size).toBe(10);
        expect([left.get('d3'), left.get('new'), left.has('d4')]).toEqual([2, 7, false]);
      }
      await index.apply(key, [put(document('d4', 100))]);
      expect((await all(key)).find(({ id }) => id === 'd4')).toEqual({ id: 'd4', version: 100 });
    });

    it('lists versions in pages, by id in UTF-8 byte order', async () => {
      const key = await prepared();
      const ids = [
        '\u{1F600}',
        '\uFF5E',
        '\uE000',
        'é',
        'z',
        'Z',
        '10',
        '9',
        'a"b',
        "a'b",
        'a\\b',
        'a',
        'ab',
        'Ω',
      ];
      await index.apply(
        key,
        ids.map((id) => put(document(id))),
      );
      const sorted = [...ids].sort(byUtf8);
      for (const limit of [1, 3, ids.length, 100]) {
        const pages: string[] = [];
        for (let after: string | null = null; ; after = pages.at(-1)!) {
          const page = await index.versions(key, after, limit);
          expect(page.length).toBeLessThanOrEqual(limit);
          if (page.length === 0) break;
          pages.push(...page.map(({ id }) => id));
        }
        expect(pages).toEqual(sorted);
      }
      expect((await index.versions(key, 'a~', 2)).map(({ id }) => id)).toEqual(
        sorted.slice(sorted.indexOf('z'), sorted.indexOf('z') + 2),
      );
    });

    it('keeps tenants and generations apart, under equal ids', async () => {
      const [mine, theirs] = [await prepared(), await prepared()];
      const next = { ...mine, generation: 2 };
      await prepare(next);
      await index.apply(mine, documents(5, 1).map(put));
      await index.apply(theirs, documents(4, 2).map(put));
      await index.apply(next, documents(3, 3).map(put));
      await index.apply(theirs, [deletion('d0'), put(document('d1', 9))]);
      expect(await all(mine)).toEqual(versionsOf(documents(5, 1)));
      expect(await all(next)).toEqual(versionsOf(documents(3, 3)));
      expect((await all(theirs)).map(({ id, version }) => [id, version])).toEqual([
        ['d1', 9],
        ['d2', 2],
        ['d3', 2],
      ]);
      await index.drop(mine);
      expect(await all(mine)).toEqual([]);
      expect((await all(theirs)).length).toBe(3);
      expect((await all(next)).length).toBe(3);
      await index.drop(theirs);
      expect((await all(next)).length).toBe(3);
      await index.drop(next);
    });

    it('prepares once, whoever asks and however often', async () => {
      const key = freshKey();
      const other = await subject.another();
      try {
        const made = await Promise.all([prepare(key), prepare(key), prepare(key, other)]);
        // Whoever made the place for it knows that it is empty; several may have, at the same moment.
        expect(made).toContain(true);
        await index.apply(key, documents(3).map(put));
        expect(await prepare(key)).toBe(false);
        expect(await prepare(key, other)).toBe(false);
        expect((await all(key, other)).length).toBe(3);
      } finally {
        await other.close();
      }
    });

    it('is written by two processes at once', async () => {
      const key = await prepared();
      const other = await subject.another();
      try {
        await prepare(key, other);
        const given = documents(120);
        const write = async (by: SharedIndex, from: readonly StoredDocument[]) => {
          for (let at = 0; at < from.length; at += 20) await by.apply(key, from.slice(at, at + 20).map(put));
        };
        await Promise.all([write(index, given.slice(0, 60)), write(other, given.slice(60))]);
        expect(await all(key)).toEqual(versionsOf(given));
        expect(await all(key, other)).toEqual(versionsOf(given));
      } finally {
        await other.close();
      }
    });

    it('works for a process that did not prepare the generation', async () => {
      const key = await prepared();
      await index.apply(key, documents(3).map(put));
      const other = await subject.another();
      try {
        expect((await all(key, other)).length).toBe(3);
        await other.apply(key, [deletion('d0'), put(document('d9', 4))]);
        await other.activate(key);
        expect(await subject.liveGeneration(key.tenant)).toBe(1);
        await other.drop(key);
        expect(await all(key)).toEqual([]);
      } finally {
        await other.close();
      }
    });

    it('drops all of a generation, also what is not there', async () => {
      const key = await prepared();
      await index.apply(key, documents(50).map(put));
      await index.drop(key);
      await index.drop(key);
      await index.drop(freshKey());
      expect(await all(key)).toEqual([]);
      expect(await all(freshKey())).toEqual([]);
      expect(await index.hasPlace(key)).toBe(false);
      expect(await prepare(key)).toBe(true);
      expect(await index.hasPlace(key)).toBe(true);
      expect(await index.hasPlace({ ...key, generation: key.generation + 7 })).toBe(false);
      expect(await prepare(key)).toBe(false);
      expect(await all(key)).toEqual([]);
      await index.apply(key, documents(2).map(put));
      expect((await all(key)).length).toBe(2);
    });

    it('shows the generation that was made live, and another one after it', async () => {
      const first = await prepared();
      expect(await subject.liveGeneration(first.tenant)).toBeNull();
      const second = { ...first, generation: 2 };
      await prepare(second);
      for (const key of [first, first, second, second]) {
        await index.activate(key);
        expect(await subject.liveGeneration(first.tenant)).toBe(key.generation);
      }
      await index.drop(first);
      expect(await subject.liveGeneration(first.tenant)).toBe(2);
    });

    it('takes ids and values that try to mean something for what they are', async () => {
      const [key, theirs] = [await prepared(), await prepared()];
      await index.apply(theirs, documents(3).map(put));
      const ids = hostileTexts().filter((id) => id !== '.' && id !== '..');
      expect(ids.length).toBeGreaterThanOrEqual(300);
      const given = ids.map((id) => document(id, 1, { facets: { tags: [id] }, fields: { language: id } }));
      for (let at = 0; at < given.length; at += limits.sharedIndexBatchMax)
        await index.apply(key, given.slice(at, at + limits.sharedIndexBatchMax).map(put));
      expect(await all(key)).toEqual(versionsOf(given));
      const gone = ids.filter((_, i) => i % 5 === 0);
      await index.apply(
        key,
        gone.map((id) => deletion(id)),
      );
      const left = given.filter(({ id }) => !gone.includes(id));
      expect(await all(key)).toEqual(versionsOf(left));
      for (const id of random.shuffle(ids).slice(0, 5)) {
        const page = await index.versions(key, id, 10_000);
        expect(page).toEqual(versionsOf(left).filter((row) => byUtf8(row.id, id) > 0));
      }
      expect((await all(theirs)).length).toBe(3);
    });

    it('leaves a newer version alone, where the engine can tell', async () => {
      const key = await prepared();
      await index.apply(key, [put(document('d', 5))]);
      await index.apply(key, [put(document('d', 4))]);
      const [row] = await all(key);
      if (subject.refusesOlder) expect(row).toEqual({ id: 'd', version: 5 });
      else expect(row!.id).toBe('d');
    });

    it('refuses vectors that are none, for good, and names the document', async () => {
      const key = await prepared();
      const broken = [
        new Float32Array(dimension - 1).fill(1),
        new Float32Array(dimension + 1).fill(1),
        new Float32Array(dimension),
        Float32Array.from({ length: dimension }, (_, i) => (i === 1 ? Number.NaN : 1)),
        Float32Array.from({ length: dimension }, (_, i) => (i === 1 ? 1e39 : 1)),
      ];
      for (const embedding of broken) {
        const changes = [put(document('fine')), put(document('broken', 1, { embedding }))];
        const written = index.apply(key, changes);
        if (subject.keepsVectors)
          await expect(written).rejects.toMatchObject({
            code: 'invalid_document',
            fields: [{ path: 'changes[1].embedding' }],
          });
        else await written;
      }
    });

    it('answers, until it is closed', async () => {
      await index.ping();
      const other = await subject.another();
      await other.ping();
      await other.close();
      await other.close();
      await expect(other.ping()).rejects.toMatchObject({ code: 'unavailable' });
      await expect(other.apply(freshKey(), [deletion('d')])).rejects.toMatchObject({ code: 'unavailable' });
      await index.ping();
    });
  });
}
