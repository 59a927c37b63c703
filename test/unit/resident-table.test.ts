import { expect, it } from 'vitest';
import type { StoredDocument } from '../../src/domain/document.ts';
import { ResidentTable } from '../../src/domain/resident-table.ts';
import { plainMemory } from '../../src/domain/row-memory.ts';
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

it('says which rows an epoch has that the one before had not', () => {
  const table = new ResidentTable(testSchema, 1);
  const first = table.current;
  expect([Array.from(first.changed), first.changedSince]).toEqual([[], null]);
  const rowsOf = (ids: readonly string[]) => ids.map((id) => table.current.rowOf(id));
  table.apply(stored(3, 1).map(put));
  const second = table.publish();
  expect(Array.from(second.changed)).toEqual(rowsOf(['d0', 'd1', 'd2']));
  expect(second.changedSince).toBe(first.epoch);
  table.apply([...stored(2, 2).map(put), { kind: 'delete', id: 'd0', version: 3 }]);
  const third = table.publish();
  expect(Array.from(third.changed)).toEqual(rowsOf(['d1']));
  expect(third.changedSince).toBe(second.epoch);
});

it('keeps the rows of an epoch for everybody who retains it, the last one included', () => {
  const table = new ResidentTable(testSchema, 1);
  table.apply(stored(1, 1).map(put));
  const held = table.publish().retain();
  const snapshot = table.acquire();
  const row = snapshot.rowOf('d0');
  // Through a snapshot that is itself held, as a scan on another thread does.
  const more = snapshot.retain();
  const write = (version: number): number => {
    table.apply(stored(1, version).map(put));
    return table.publish().rowOf('d0');
  };
  const taken = [write(2)];
  snapshot.release();
  taken.push(write(3));
  held();
  held();
  taken.push(write(4), write(5));
  expect(taken).not.toContain(row);
  expect(snapshot.titleOf(row)).toBe('Document 0');
  more();
  table.apply(stored(8, 6).map(put));
  const next = table.publish();
  expect(stored(8, 6).map(({ id }) => next.rowOf(id))).toContain(row);
  expect(() => snapshot.retain()).toThrow('the epoch is gone');
});

it('takes the memory of its large columns from where it is told, row by row at multiples of 64 bytes', () => {
  const given: ArrayBuffer[] = [];
  const table = new ResidentTable(testSchema, 1, (bytes) => {
    given.push(new ArrayBuffer(bytes + 64));
    return given.at(-1)!;
  });
  table.apply(stored(3, 1).map(put));
  const { vectors, recencyMs, facetStarts, facetCounts, facetValues, fields } = table.publish();
  for (const column of [vectors.values, recencyMs, facetStarts, facetCounts, facetValues, ...fields])
    expect(given).toContain(column.buffer);
  expect([vectors.values.byteOffset, (vectors.stride * vectors.values.BYTES_PER_ELEMENT) % 64]).toEqual([
    0, 0,
  ]);
  expect(vectors.dimension).toBe(testSchema.embedding.dimension);
  expect(Array.from(vectors.values.subarray(vectors.dimension, vectors.stride))).toEqual(
    new Array(vectors.stride - vectors.dimension).fill(0),
  );
});

it('leaves a document promoted that is written again', () => {
  const table = new ResidentTable(testSchema, 1, plainMemory, 10);
  const documents = stored(30, 1);
  table.apply(documents.map(put));
  const isResident = (id: string) => table.current.rowOf(id) < table.current.resident.rowCount;
  table.publish();
  const cold = documents.find(({ id }) => !isResident(id))!;
  table.promote([cold]);
  table.publish();
  expect(isResident(cold.id)).toBe(true);
  table.apply([put({ ...cold, version: 2 })]);
  // Another that was written would take the place of one that is here for its heat alone.
  const [other] = documents.filter(({ id }) => !isResident(id));
  table.apply([put({ ...other!, version: 2, fields: { ...other!.fields, votes: 1e9, year: 2_026 } })]);
  table.publish();
  expect([isResident(other!.id), isResident(cold.id)]).toEqual([true, true]);
});
