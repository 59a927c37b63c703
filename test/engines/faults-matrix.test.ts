import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SearchResponse } from '../../src/domain/search-response.ts';
import { storeNames } from '../../src/ports/store-caller.ts';
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
 * Every kind of fault of a store, against the whole service over real stores: what it costs, and that it passes. Neo4j's
 * are put into a service over all four, the others' into one with the graph in memory: a fourth server takes so much of a
 * small machine that answers are late without any fault. All of them over all four: npm run bench:faults.
 */

const questions = 10;
const deadlineMs = 200;
const requests = 20;
/** Longer than a store that was left alone waits for its next trial, and a killed one for its start. */
const recoveryMs = 120_000;

let stores: FaultyStores;
/** A service, and its whole answers. */
interface Subject {
  readonly service: FaultService;
  readonly good: readonly SearchResponse[];
}
let overAll: Subject;
let withoutNeo4j: Subject;

beforeAll(async () => {
  stores = await startFaultyStores(storeNames, (line) => process.stderr.write(`${line}\n`));
  await prepareDatabase(stores.env);
  const whole = await openFaultService(stores.env);
  await fillFaultService(whole);
  overAll = { service: whole, good: await goodAnswers(whole, questions, recoveryMs) };
  const others = Object.entries(stores.env).filter(([name]) => !name.startsWith('TRIPTYCH_NEO4J_'));
  const part = await openFaultService(Object.fromEntries(others));
  withoutNeo4j = { service: part, good: await goodAnswers(part, questions, recoveryMs) };
}, 600_000);

afterAll(async () => {
  await withoutNeo4j?.service.close();
  await overAll?.service.close();
  await stores?.close();
}, 60_000);

describe.each(storeNames)('with %s', (store) => {
  it.each(faultKinds)(
    '%s: answers in time, marked and right, and whole again afterwards',
    {
      timeout: 300_000,
    },
    async (kind) => {
      const { service, good } = store === 'neo4j' ? overAll : withoutNeo4j;
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
