import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { expect, it } from 'vitest';
import { layoutOf } from '../../src/adapters/milvus/collection-layout.ts';
import type { RowBatch } from '../../src/adapters/milvus/document-rows.ts';
import { MilvusFailure } from '../../src/adapters/milvus/milvus-answer.ts';
import { MilvusSharedIndex, type SharedIndexParts } from '../../src/adapters/milvus/milvus-shared-index.ts';
import { expectAnswer, type SearchCall } from '../../src/adapters/milvus/search-call.ts';
import type { DocumentChange } from '../../src/domain/document.ts';
import { limits } from '../../src/limits.ts';
import { testSchema } from '../support/arbitraries.ts';
import { documentOf } from '../support/recall-subject.ts';
import { openCaller } from '../support/store-caller-fixture.ts';

it('does not count Milvus as well because its client could be loaded, or its collection is remembered', async () => {
  const { caller, clock, meter } = openCaller({ pool: 'work' });
  const dead = () => Promise.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }));
  let asked = 0;
  const parts = {
    caller,
    connection: { load: async () => {} },
    collections: {
      unfit: () => null,
      knownOf: () => ({ name: 'c', layout: { dimension: 3, columns: [] }, division: null }),
    },
    ask: () => {
      asked++;
      return dead();
    },
    pageRows: 10,
    visibleAfterMs: 0,
  };
  const index = new MilvusSharedIndex(parts as unknown as SharedIndexParts);
  const ping = () => expect(clock.run(index.ping())).rejects.toMatchObject({ code: 'unavailable' });
  for (let calls = 0; calls < 50 && caller.state === 'closed'; calls++) await ping();
  expect(caller.state).toBe('open');
  const before = asked;
  for (let tries = 0; tries < 5; tries++) {
    clock.advance(limits.storeOpenMsMax);
    await ping();
    expect(caller.state).toBe('open');
  }
  expect(asked).toBe(before + 5);
  expect(meter.outcomes).not.toContain('ok');
});

it('takes a collection that is not loaded, or gone, for an answer of a server that is well', async () => {
  const call: SearchCall = {
    collection: 'c',
    vectors: [Float32Array.of(1, 0, 0)],
    filter: '',
    top: 1,
    params: {},
    consistency: 'Bounded',
    timeoutMs: 100,
  };
  const ask = (code: number) => {
    const search = async () => ({ status: { error_code: 'UnexpectedError', code, reason: '' }, results: [] });
    return expectAnswer({ search } as unknown as MilvusClient, call);
  };
  for (const code of [100, 101]) await ask(code);
  await expect(ask(2)).rejects.toMatchObject({ status: 2 });
});

/** An index of one collection whose writes `write` gets instead of the thread. */
function openWriting(write: (batch: RowBatch) => Promise<void>): MilvusSharedIndex {
  const base = { name: 'c', layout: layoutOf(testSchema), division: null };
  const parts = {
    caller: openCaller({ pool: 'work' }).caller,
    connection: { call: () => Promise.reject(new MilvusFailure('gone', { status: null, code: 14 })) },
    collections: { knownOf: () => base, unfit: () => null },
    thread: {
      ready: async () => {},
      write: (_collection: string, _dimension: number, batch: RowBatch) => write(batch),
    },
    pageRows: 10,
    visibleAfterMs: 0,
  };
  return new MilvusSharedIndex(parts as unknown as SharedIndexParts);
}

const key = { tenant: 't', generation: 1 };
const embedding = new Float32Array(testSchema.embedding.dimension);
embedding[0] = 1;
const put = (id: string, version: number): DocumentChange => ({
  kind: 'put',
  document: documentOf(id, { version, embedding }),
});

it('writes a bounded number of rows at a time, in order, whatever it is given', async () => {
  const batches: RowBatch[] = [];
  const index = openWriting(async (batch) => void batches.push(batch));
  const most = limits.sharedIndexBatchMax;
  const changes = Array.from(
    { length: 2 * most + 50 },
    (_, i): DocumentChange => (i % 10 === 0 ? { kind: 'delete', id: `d${i}`, version: 1 } : put(`d${i}`, 1)),
  );
  // What comes again counts as it is in the end.
  await index.apply(key, [...changes, put('d1', 2), { kind: 'delete', id: 'd2', version: 2 }]);
  expect(batches.length).toBe(3);
  for (const { rows, deletions } of batches) expect(rows.length + deletions.length).toBeLessThanOrEqual(most);
  const written = batches.flatMap(({ rows }) => rows.map(({ id, version }) => `${id} ${version}`));
  const puts = changes.filter(({ kind }) => kind === 'put').length;
  expect([written.length, written.at(-1)]).toEqual([puts + 1, 'd1 2']);
  expect(batches.flatMap(({ deletions }) => deletions).length).toBe(changes.length - puts + 1);
  expect(batches.at(-1)!.deletions.length).toBe(6);
});

it('says that it may succeed later where the thread that writes has ended', async () => {
  const failures = [
    new MilvusFailure('the thread that writes failed: it ended', { status: null, code: null }),
  ];
  const written: RowBatch[] = [];
  const index = openWriting(async (batch) => {
    const failure = failures.pop();
    if (failure !== undefined) throw failure;
    written.push(batch);
  });
  await expect(index.apply(key, [put('a', 1)])).rejects.toMatchObject({ code: 'unavailable' });
  await index.apply(key, [put('a', 1)]);
  expect(written.length).toBe(1);
});
