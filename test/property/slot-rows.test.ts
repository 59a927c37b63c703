import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryGraphStore } from '../../src/adapters/memory/memory-graph-store.ts';
import { MemoryTextIndex } from '../../src/adapters/memory/memory-text-index.ts';
import type { DocumentChange } from '../../src/domain/document.ts';
import { ResidentTable } from '../../src/domain/resident-table.ts';
import type { HeldSnapshot, TableSnapshot } from '../../src/domain/table-snapshot.ts';
import { SparseNumbers } from '../../src/std/sparse-numbers.ts';
import { testSchema } from '../support/arbitraries.ts';
import { documentOf } from '../support/recall-subject.ts';

const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
const words = ['robot', 'station', 'farm', 'space'];

const change = fc.record({
  id: fc.constantFrom(...ids),
  title: fc.subarray(words, { minLength: 1 }),
  directors: fc.subarray(['x', 'y'], { minLength: 1 }),
  deleted: fc.boolean(),
});

const epochs = fc.array(
  fc.record({ changes: fc.array(change, { minLength: 1, maxLength: 4 }), hold: fc.boolean() }),
  { minLength: 1, maxLength: 30 },
);

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function changeOf({ id, title, directors, deleted }: Change): DocumentChange {
  if (deleted) return { kind: 'delete', id, version: 1 };
  return { kind: 'put', document: documentOf(id, { title: title.join(' '), facets: { directors } }) };
}

/** A table and the two indexes that follow it. */
class Followed {
  readonly table = new ResidentTable(testSchema, 1);
  readonly text = new MemoryTextIndex();
  readonly graph = new MemoryGraphStore();

  constructor() {
    for (const index of [this.text, this.graph]) index.reset('t', testSchema);
  }

  write(changes: readonly DocumentChange[]): void {
    this.text.apply('t', changes);
    this.graph.apply('t', changes);
    this.table.apply(changes);
    this.table.publish();
  }

  async expectRowsOf(snapshot: TableSnapshot): Promise<void> {
    const { signal } = new AbortController();
    const base = { tenant: 't', snapshot, predicate: null, limit: 10, timeoutMs: 10_000, signal };
    const answer = await this.text.search({ ...base, text: 'robot station' });
    for (const hit of answer.hits) expect(hit.row).toBe(snapshot.rowOf(hit.id));
    const live = ids.filter((id) => snapshot.rowOf(id) >= 0);
    const rows = Uint32Array.from(live, (id) => snapshot.rowOf(id));
    expect(await answer.score(live, rows)).toEqual(await answer.score(live));
    const { support } = await this.graph.recall({ ...base, seeds: [{ id: 'a', weight: 1 }] });
    for (const hit of support) expect(hit.row).toBe(snapshot.rowOf(hit.id));
  }
}

describe('rows that in-process indexes know', () => {
  it('are those that the snapshot has, whatever was written and whichever epoch is asked', async () => {
    await fc.assert(
      fc.asyncProperty(epochs, async (steps) => {
        const followed = new Followed();
        const held: HeldSnapshot[] = [];
        for (const { changes, hold } of steps) {
          followed.write(changes.map(changeOf));
          if (hold) held.push(followed.table.acquire());
          if (held.length > 3) held.shift()!.release();
          for (const snapshot of [followed.table.current, ...held]) await followed.expectRowsOf(snapshot);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('SparseNumbers', () => {
  it('is a map that can be emptied', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant(null), fc.tuple(fc.nat(300), fc.double({ noNaN: true })))),
        (steps) => {
          const numbers = new SparseNumbers();
          let model = new Map<number, number>();
          // Before the first `clear` nothing may be there either.
          for (const one of [[7, 1] as const, ...steps]) {
            if (one === null) {
              numbers.clear();
              model = new Map();
            } else {
              numbers.set(one[0], one[1]);
              model.set(one[0], one[1]);
            }
            for (let key = 0; key < 310; key++) {
              expect(numbers.has(key)).toBe(model.has(key));
              expect(numbers.get(key, -1)).toBe(model.get(key) ?? -1);
            }
          }
        },
      ),
    );
  });
});
