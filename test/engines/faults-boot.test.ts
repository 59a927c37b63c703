import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SearchResponse } from '../../src/domain/search-response.ts';
import type { TriptychError } from '../../src/errors.ts';
import { type StoreName, storeNames } from '../../src/ports/store-caller.ts';
import { answerProblems, listOf } from '../support/faults/answer-problems.ts';
import {
  type FaultService,
  fillFaultService,
  goodAnswers,
  openFaultService,
  prepareDatabase,
} from '../support/faults/fault-service.ts';
import { type Fault, type FaultyStores, startFaultyStores } from '../support/faults/faulty-stores.ts';

/** The service is started while some of its stores are down, in all 16 combinations, and becomes whole when they come. */

const questions = 4;
const patientMs = 5_000;
const recoveryMs = 120_000;

/** What each store is called in `/readyz`. */
const partOf: Readonly<Record<StoreName, string>> = {
  postgres: 'sql',
  milvus: 'milvus',
  neo4j: 'neo4j',
  redis: 'cache',
};

let stores: FaultyStores;
let good: readonly SearchResponse[];
let service: FaultService | null = null;
let down: readonly Fault[] = [];

beforeAll(async () => {
  stores = await startFaultyStores(storeNames, (line) => process.stderr.write(`${line}\n`));
  await prepareDatabase(stores.env);
  const first = await openFaultService(stores.env);
  await fillFaultService(first);
  good = await goodAnswers(first, questions, recoveryMs);
  await first.close();
}, 600_000);

afterEach(async () => {
  for (const fault of down) await fault.end();
  down = [];
  await service?.close();
  service = null;
}, 60_000);

afterAll(() => stores?.close(), 60_000);

const subsets: readonly (readonly StoreName[])[] = Array.from({ length: 2 ** storeNames.length }, (_, bits) =>
  storeNames.filter((__, i) => (bits >> i) % 2 === 1),
);

/** Stores that `/readyz` says do not answer. */
async function missing({ service }: FaultService): Promise<StoreName[]> {
  const { parts } = await service.readiness();
  return storeNames.filter((store) => {
    const part = parts[partOf[store]];
    return part === undefined || (!part.ok && part.reason === 'no answer');
  });
}

/** A start does not wait for ever for what it reads; on a busy machine that takes longer. */
async function untilOpen(opened: FaultService): Promise<void> {
  const ready = async () => (await opened.service.readiness()).ready;
  await expect.poll(ready, { timeout: recoveryMs }).toBe(true);
}

/** Without the truth nothing is known of the catalogue: no answer is better than an empty one. */
async function refuses({ service, ask }: FaultService): Promise<void> {
  expect((await service.readiness()).ready).toBe(false);
  for (let i = 0; i < questions; i++) {
    const { response, error } = await ask(i, patientMs);
    expect([response, (error as TriptychError).status]).toEqual([null, 503]);
  }
}

/** Without any other store it answers: vectors are scanned in memory, the graph is left out, Redis is no part of it. */
async function answersWithout(opened: FaultService, subset: readonly StoreName[]): Promise<void> {
  await untilOpen(opened);
  const expected = {
    vector: subset.includes('milvus') ? 'ok exact_scan' : 'ok',
    graph: !subset.includes('neo4j'),
    others: ['ok', 'ok'],
    degraded: subset.includes('neo4j'),
  };
  for (let i = 0; i < questions; i++) {
    let last: SearchResponse | null = null;
    const shown = async () => {
      last = (await opened.ask(i, patientMs)).response;
      return last === null ? null : shownBy(last);
    };
    // A leg whose store is well may be late on a busy machine.
    await expect.poll(shown, { timeout: recoveryMs, interval: 500 }).toEqual(expected);
    expect(answerProblems(i, last!, good[i]!, subset)).toEqual([]);
  }
}

/** How each part came to what it brought. */
function shownBy({ coverage, degraded }: SearchResponse): unknown {
  const { vector, graph, lexical, policy } = coverage;
  return {
    vector: [vector?.state, vector?.reason].filter((word) => word !== undefined).join(' '),
    graph: graph?.state === 'ok',
    others: [lexical?.state, policy?.state],
    degraded,
  };
}

describe('a start of the service', () => {
  it.each(subsets.map((subset) => [subset.join(', ') || 'nothing', subset] as const))(
    'while %s is down',
    { timeout: 300_000 },
    async (_, subset) => {
      down = subset.map((store) => stores.fault(store, 'refused'));
      for (const fault of down) await fault.begin();

      service = await openFaultService(stores.env);
      if (subset.includes('postgres')) await refuses(service);
      else await answersWithout(service, subset);
      const opened = service;
      const says = (wanted: readonly StoreName[]) =>
        expect.poll(() => missing(opened), { timeout: recoveryMs, interval: 200 }).toEqual(wanted);
      await says(subset);

      for (const fault of down) await fault.end();
      down = [];
      // The same service, without a restart; its clients try again by themselves.
      const healed = await goodAnswers(service, questions, recoveryMs);
      expect(healed.map(listOf)).toEqual(good.map(listOf));
      await says([]);
      await untilOpen(service);
    },
  );
});
