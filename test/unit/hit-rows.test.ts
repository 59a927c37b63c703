import { expect, it } from 'vitest';
import { rowOfHit, rowsOfHits } from '../../src/search/hit-rows.ts';
import { makeTable } from '../support/table.ts';

it('takes the row that a hit names only where it is the document of that id in this very table', () => {
  const table = makeTable(
    1,
    ['a', 'b', 'c'].map((id) => ({ id, vector: [1] })),
  );
  expect(rowOfHit(table, { id: 'b', row: 1 })).toBe(1);
  expect(rowOfHit(table, { id: 'b' })).toBe(1);
  // Named by an answer of the same epoch, before the table was loaded again in another order.
  expect(
    rowsOfHits(table, [
      { id: 'c', row: 0 },
      { id: 'a', row: 7 },
      { id: 'x', row: 2 },
    ]),
  ).toEqual([2, 0, -1]);
  const dead = { ...table, live: Uint8Array.of(1, 0, 1), rowOf: () => -1 };
  expect(rowOfHit(dead, { id: 'b', row: 1 })).toBe(-1);
});
