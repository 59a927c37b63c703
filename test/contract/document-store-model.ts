import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DocumentWrite } from '../../src/ports/document-store.ts';
import { compareUtf8 } from '../../src/std/utf8-order.ts';
import { put, remove, type StoreUnderTest, unusualIds } from './document-store-subject.ts';

interface Known {
  version: number;
  title: string | null;
}

/** The port's sentences about writes, in a few lines. */
function applyToModel(model: Map<string, Known>, write: DocumentWrite): number {
  const id = write.kind === 'put' ? write.document.id : write.id;
  const known = model.get(id) ?? { version: 0, title: null };
  if (write.kind === 'delete' && known.title === null) return known.version;
  const next = { version: known.version + 1, title: write.kind === 'put' ? write.document.title : null };
  model.set(id, next);
  return next.version;
}

const ids = fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(...unusualIds));
const writes = fc.oneof(
  { weight: 2, arbitrary: fc.tuple(ids, fc.string()).map(([id, title]) => put(id, { title: clean(title) })) },
  { weight: 1, arbitrary: ids.map(remove) },
);
/** A batch of writes, or a step of the reader with a page size. */
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.array(writes, { minLength: 1, maxLength: 8 }) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 5 }) },
  ),
  { maxLength: 12 },
);

function clean(text: string): string {
  return text.replaceAll(/[\0\p{Surrogate}]/gu, '?');
}

export function modelTests(tested: StoreUnderTest): void {
  describe('against a model', () => {
    it('any writes and any reader end in the same documents', async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (plan) => {
          const { store } = tested;
          const tenant = await tested.tenant();
          const model = new Map<string, Known>();
          const reader = new Map<string, string>();
          let cursor: string | null = null;
          const read = async (limit: number): Promise<number> => {
            const page = await store.changes(tenant, 1, cursor, limit);
            cursor = page.cursor;
            for (const change of page.changes)
              if (change.kind === 'delete') reader.delete(change.id);
              else reader.set(change.document.id, `${change.document.title}@${change.document.version}`);
            return page.changes.length;
          };
          for (const step of plan) {
            if (typeof step === 'number') await read(step);
            else {
              const acks = await store.write(tenant, 1, step);
              expect(acks.map(({ version }) => version)).toEqual(
                step.map((write) => applyToModel(model, write)),
              );
            }
          }
          while ((await read(4)) > 0);
          const wanted = [...model]
            .filter(([, { title }]) => title !== null)
            .map(([id, { title, version }]) => [id, `${title}@${version}`] as const)
            .sort(([a], [b]) => compareUtf8(a, b));
          expect([...reader].sort(([a], [b]) => compareUtf8(a, b))).toEqual(wanted);
          const listed = await store.list(tenant, 1, null, 100);
          expect(listed.map(({ id, title, version }) => [id, `${title}@${version}`])).toEqual(wanted);
          expect(await store.count(tenant, 1)).toBe(wanted.length);
        }),
        { numRuns: 40 },
      );
    });
  });
}
