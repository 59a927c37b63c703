import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { expect, it } from 'vitest';
import { MilvusSharedIndex, type SharedIndexParts } from '../../src/adapters/milvus/milvus-shared-index.ts';
import { expectAnswer, type SearchCall } from '../../src/adapters/milvus/search-call.ts';
import { limits } from '../../src/limits.ts';
import { openCaller } from '../support/store-caller-fixture.ts';

it('does not count Milvus as well because its client could be loaded, or its collection is remembered', async () => {
  const { caller, clock, meter } = openCaller({ pool: 'work' });
  const dead = () => Promise.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }));
  let asked = 0;
  const parts = {
    caller,
    connection: { load: async () => {} },
    collections: { knownOf: () => ({ name: 'c', layout: { dimension: 3, columns: [] }, division: null }) },
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
