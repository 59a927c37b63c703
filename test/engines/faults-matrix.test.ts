import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SearchResponse } from '../../src/domain/search-response.ts';
import { askUnderFault } from '../support/faults/fault-cell.ts';
import {
  type FaultService,
  fillFaultService,
  goodAnswers,
  openFaultService,
  prepareDatabase,
} from '../support/faults/fault-service.ts';
import { type FaultyStores, faultKinds, startFaultyStores } from '../support/faults/faulty-stores.ts';

/**
 * Every kind of fault of a store, against the whole service over real stores: what it costs, and that it passes. The
 * same over all four, Neo4j among them: npm run bench:faults.
 */

const storesAtFault = ['milvus', 'postgres', 'redis'] as const;

const questions = 10;
const deadlineMs = 200;
const requests = 20;
/** Longer than a store that was left alone waits for its next trial, and a killed one for its start. */
const recoveryMs = 120_000;

let stores: FaultyStores;
let service: FaultService;
let good: readonly SearchResponse[];

beforeAll(async () => {
  stores = await startFaultyStores(storesAtFault, (line) => process.stderr.write(`${line}\n`));
  await prepareDatabase(stores.env);
  service = await openFaultService(stores.env);
  await fillFaultService(service);
  good = await goodAnswers(service, questions, recoveryMs);
}, 600_000);

afterAll(async () => {
  await service?.close();
  await stores?.close();
}, 60_000);

describe.each(storesAtFault)('with %s', (store) => {
  it.each(faultKinds)(
    '%s: answers in time, marked and right, and whole again afterwards',
    {
      timeout: 300_000,
    },
    async (kind) => {
      const fault = stores.fault(store, kind);
      await fault.begin();
      try {
        const cell = await askUnderFault(service, good, {
          count: requests,
          together: 2,
          timeoutMs: deadlineMs,
          faulty: [store],
        });
        expect(cell.problems).toEqual([]);
      } finally {
        await fault.end();
      }
      // Without a restart of the service.
      expect((await goodAnswers(service, questions, recoveryMs)).map(listOf)).toEqual(good.map(listOf));
    },
  );
});

function listOf({ results }: SearchResponse): string[] {
  return results.map(({ id, score }) => `${id} ${score}`);
}
