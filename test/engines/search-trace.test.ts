import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as edgeStatements from '../../src/adapters/neo4j/edge-statements.ts';
import { recallStatement, relationshipsStatement } from '../../src/adapters/neo4j/read-statements.ts';
import * as writeStatements from '../../src/adapters/neo4j/write-statements.ts';
import { defaultTenant } from '../../src/compose.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import {
  boltRuns,
  type CountingProxy,
  grpcCalls,
  openCountingProxy,
} from '../support/faults/counting-proxy.ts';
import {
  type FaultService,
  fillFaultService,
  goodAnswers,
  openFaultService,
  prepareDatabase,
} from '../support/faults/fault-service.ts';
import { type FaultyStores, startFaultyStores } from '../support/faults/faulty-stores.ts';

/** What one search asks Milvus and Neo4j on the wire, and that it asks both at once. */

const questions = 10;
const patientMs = 10_000;
/** For whole answers on a machine that is busy. */
const attempts = 10;

/** By a text that each has: of a search in Milvus a member of its message, of a query to Neo4j the statement. */
const searchText = 'anns_field';
const ofSearches: readonly (readonly [name: string, text: string])[] = [
  ['Search', searchText],
  ['recall', recallStatement.trim()],
  ['relationships', relationshipsStatement.trim()],
];
/** What keeps the graph asks all the time, over the same proxy. */
const ofTheBackground: readonly string[] = Object.values({ ...edgeStatements, ...writeStatements })
  .flat()
  .filter((statement) => typeof statement === 'string')
  .map((statement) => statement.trim());

let stores: FaultyStores;
let milvus: CountingProxy;
let neo4j: CountingProxy;
let service: FaultService;

beforeAll(async () => {
  stores = await startFaultyStores(['postgres', 'milvus', 'neo4j'], (line) =>
    process.stderr.write(`${line}\n`),
  );
  milvus = await openCountingProxy(portOf('TRIPTYCH_MILVUS_ADDRESS'), grpcCalls);
  neo4j = await openCountingProxy(portOf('TRIPTYCH_NEO4J_URI'), boltRuns);
  await prepareDatabase(stores.env);
  service = await openFaultService({
    ...stores.env,
    TRIPTYCH_MILVUS_ADDRESS: `127.0.0.1:${milvus.port}`,
    TRIPTYCH_NEO4J_URI: `bolt://127.0.0.1:${neo4j.port}`,
  });
  await fillFaultService(service);
  await service.service.recordEvents(defaultTenant, [
    {
      ...{ eventId: 'like-1', user: 'bob', document: 'd3', type: 'like', value: null, context: null },
      ...{ atMs: Date.now(), requestId: null },
    },
  ]);
  await goodAnswers(service, questions, 120_000);
}, 600_000);

afterAll(async () => {
  await service?.close();
  await milvus?.close();
  await neo4j?.close();
  await stores?.close();
}, 60_000);

function portOf(setting: string): number {
  const address = stores.env[setting]!;
  return Number(address.slice(address.lastIndexOf(':') + 1));
}

/** What kind of question each is, without those of the background; what is unknown is shown. */
function kindsOf(texts: readonly string[]): string[] {
  return texts
    .filter((text) => !ofTheBackground.some((statement) => text.includes(statement)))
    .map((text) => ofSearches.find(([, part]) => text.includes(part))?.[0] ?? text.slice(0, 100));
}

/**
 * What a search asked both that was answered whole by them: another attempt where the machine was too busy for that, or where
 * something else was asked too, as the look after each index is every ten seconds. What a search does is there every time.
 */
async function asked(i: number, changes: Partial<SearchRequest> = {}) {
  for (let attempt = 1; ; attempt++) {
    const before = [milvus.count(), neo4j.count()] as const;
    const { response, error } = await service.ask(i, patientMs, changes);
    const isWhole = response?.degraded === false && response.coverage.vector?.reason !== 'exact_scan';
    if (!isWhole && attempt === attempts)
      throw new Error(`no whole answer: ${JSON.stringify(response?.coverage)} ${error}`);
    const kinds = {
      milvus: kindsOf(milvus.questions().slice(before[0])),
      neo4j: kindsOf(neo4j.questions().slice(before[1])),
    };
    const isAlone = [...kinds.milvus, ...kinds.neo4j].every((kind) =>
      ofSearches.some(([name]) => name === kind),
    );
    if (isWhole && (isAlone || attempt === attempts)) return kinds;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

describe('a search over Milvus and Neo4j', () => {
  it('is one search RPC and one RUN, for a user and for nobody, with a filter and without', async () => {
    for (let i = 0; i < questions; i++)
      expect(await asked(i)).toEqual({ milvus: ['Search'], neo4j: ['recall'] });
  });

  it('asks Neo4j nothing where there is nothing to start from, and Milvus nothing where there is no vector', async () => {
    const words = { like: [], user: null };
    expect(await asked(1, words)).toEqual({ milvus: ['Search'], neo4j: [] });
    expect(await asked(1, { ...words, embedding: null })).toEqual({ milvus: [], neo4j: [] });
  });

  it('starts from what the user likes with one of each too', async () => {
    const taste = { query: null, embedding: null, like: [], user: 'bob' };
    expect(await asked(1, taste)).toEqual({ milvus: ['Search'], neo4j: ['recall'] });
  });

  it('asks for the relations of a whole page at once, after ranking', async () => {
    const related = { includeRelationships: true };
    expect(await asked(1, related)).toEqual({
      milvus: ['Search'],
      neo4j: ['recall', 'relationships'],
    });
  });

  it('that is repeated asks nobody', { timeout: 120_000 }, async () => {
    const kept: Partial<SearchRequest> = { cache: 'use', user: null };
    const isKept = async () => (await service.ask(1, patientMs, kept)).response?.cached;
    // Once the indexes are known to have everything.
    await expect.poll(isKept, { timeout: 60_000 }).toBe(true);
    expect(await asked(1, kept)).toEqual({ milvus: [], neo4j: [] });
  });

  it.each([
    ['a user', 0],
    ['nobody', 1],
  ])('of %s has asked both before either answers', { timeout: 120_000 }, async (_, i) => {
    await asked(i);
    // Whoever waited for one answer before asking for the other would never ask: both are held back.
    const holds = [milvus.hold(searchText), neo4j.hold(recallStatement.trim())];
    let isOver = false;
    const answer = service.ask(i, patientMs).finally(() => {
      isOver = true;
    });
    await Promise.race([Promise.all(holds.map((hold) => hold.asked)), answer]);
    expect(isOver).toBe(false);
    for (const hold of holds) hold.release();
    const { response } = await answer;
    expect([response?.degraded, response?.coverage.vector, response?.coverage.graph]).toMatchObject([
      false,
      { state: 'ok' },
      { state: 'ok' },
    ]);
  });
});
