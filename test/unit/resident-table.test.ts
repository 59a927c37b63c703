import { expect, it } from 'vitest';
import type { StoredDocument } from '../../src/domain/document.ts';
import { ResidentTable } from '../../src/domain/resident-table.ts';
import { testSchema } from '../support/arbitraries.ts';
import { fanOfDocuments } from '../support/search-fixture.ts';

const stored = (count: number, version: number): StoredDocument[] =>
  fanOfDocuments(count).map((document) => ({ ...document, version }));
const put = (document: StoredDocument) => ({ kind: 'put' as const, document });

it('gives a row back when its document cannot be written, and keeps what was applied before', () => {
  const table = new ResidentTable(testSchema, 1);
  const [first] = stored(1, 1) as [StoredDocument];
  table.apply([put(first)]);
  const unwritable = put({ ...first, version: 2, title: 'broken', embedding: new Float32Array(9_000_000) });
  for (let i = 0; i < 50; i++) expect(() => table.apply([unwritable])).toThrow(RangeError);
  const { rowCount, liveCount } = table.publish();
  expect([rowCount, liveCount]).toEqual([2, 1]);
  const { current } = table;
  expect(current.titleOf(current.rowOf('d0'))).toBe('Document 0');
  table.apply(stored(2, 3).map(put));
  expect(table.publish().liveCount).toBe(2);
  // Three rows in all: the one that was given back, a new one, and the old one of d0.
  expect(table.current.rowCount).toBe(3);
});
