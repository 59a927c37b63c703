import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as edgeStatements from '../../src/adapters/neo4j/edge-statements.ts';
import { recallStatement, relationshipsStatement } from '../../src/adapters/neo4j/read-statements.ts';
import * as writeStatements from '../../src/adapters/neo4j/write-statements.ts';
import { defaultTenant } from '../../src/compose.ts';
import { recallSupport } from '../../src/domain/graph-recall.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import { SimilarityGraph } from '../../src/domain/similarity-graph.ts';
import { pathStepToWire } from '../../src/wire/search-response.ts';
import type { WireSimilarResponse } from '../../src/wire/similar.ts';
import {
  boltRuns,
  type CountingProxy,
  grpcCalls,
  openCountingProxy,
} from '../support/faults/counting-proxy.ts';
import { faultDocuments, faultSchema } from '../support/faults/fault-catalogue.ts';
import {
  type FaultService,
  fillFaultService,
  goodAnswers,
  openFaultService,
  prepareDatabase,
} from '../support/faults/fault-service.ts';
import { type FaultyStores, startFaultyStores } from '../support/faults/faulty-stores.ts';
import { startHttp } from '../support/http-harness.ts';

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

/** A member of the map behind a RUN that may only read: `mode` is `r`, as PackStream writes texts. */
const readMode = '\u0084mode\u0081r';

const grpcPrefixBytes = 5;
/** Members of Milvus' SearchRequest, by number. */
const [outputFieldsField, nqField] = [8, 12];

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

/** Members of a message of protobuf: whole numbers, and bytes as latin1. Others are passed over. */
function protobufFields(message: string): Map<number, (number | string)[]> {
  const fields = new Map<number, (number | string)[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < message.length; scale *= 128) {
      const byte = message.charCodeAt(at++);
      value += (byte & 127) * scale;
      if (byte < 128) break;
    }
    return value;
  };
  while (at < message.length) {
    const tag = varint();
    const kind = tag & 7;
    if (kind === 1 || kind === 5) at += kind === 1 ? 8 : 4;
    else {
      let value: number | string = varint();
      if (kind === 2) {
        const bytes = value;
        value = message.slice(at, at + bytes);
        at += bytes;
      }
      fields.set(tag >>> 3, [...(fields.get(tag >>> 3) ?? []), value]);
    }
  }
  return fields;
}

/**
 * What a search asked both that was answered whole by them: another attempt where the machine was too busy for that, or where
 * something else was asked too, as the look after each index is every ten seconds. What a search does is there every time.
 */
async function asked(i: number, changes: Partial<SearchRequest> = {}) {
  const texts = await askedTexts(i, changes);
  return { milvus: kindsOf(texts.milvus), neo4j: kindsOf(texts.neo4j) };
}

/** The same as the questions themselves. */
async function askedTexts(i: number, changes: Partial<SearchRequest> = {}) {
  for (let attempt = 1; ; attempt++) {
    const before = [milvus.count(), neo4j.count()] as const;
    const { response, error } = await service.ask(i, patientMs, changes);
    const isWhole = response?.degraded === false && response.coverage.vector?.reason !== 'exact_scan';
    if (!isWhole && attempt === attempts)
      throw new Error(`no whole answer: ${JSON.stringify(response?.coverage)} ${error}`);
    const texts = {
      milvus: milvus.questions().slice(before[0]),
      neo4j: neo4j.questions().slice(before[1]),
    };
    const isAlone = kindsOf([...texts.milvus, ...texts.neo4j]).every((kind) =>
      ofSearches.some(([name]) => name === kind),
    );
    if (isWhole && (isAlone || attempt === attempts)) return texts;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

describe('what is similar to a document', () => {
  it('is asked of Neo4j in one RUN, and connected by the paths that the graph in process gives', async () => {
    const graph = new SimilarityGraph(faultSchema);
    graph.apply(faultDocuments().map((document) => ({ kind: 'put', document: { ...document, version: 1 } })));
    const paths = new Map(recallSupport(graph, [{ id: 'd3', weight: 1 }]).map(({ id, path }) => [id, path]));
    expect(paths.size).toBeGreaterThan(5);
    const http = await startHttp(service.service);
    try {
      // It has 500 ms, which is not always enough on a busy machine.
      const whole = async () => {
        const before = neo4j.count();
        const { status, json } = await http.call('GET', '/v1/similar/d3?k=100');
        const answer = json as WireSimilarResponse;
        const { state } = answer.coverage?.graph ?? {};
        return { answer, said: [status, answer.degraded, state, kindsOf(neo4j.questions().slice(before))] };
      };
      let last = await whole();
      const said = async () => {
        last = await whole();
        return last.said;
      };
      await expect.poll(said, { timeout: 60_000, interval: 100 }).toEqual([200, false, 'ok', ['recall']]);
      const { results } = last.answer;
      expect(results.map(({ id }) => id)).toEqual(expect.arrayContaining([...paths.keys()]));
      for (const { id, path } of results)
        expect(path, id).toEqual(paths.get(id)?.map((step) => pathStepToWire(step)) ?? null);
    } finally {
      await http.close();
    }
  });
});

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

  it('reads what it asks Neo4j for, and is not let write', async () => {
    const { neo4j: texts } = await askedTexts(1, { includeRelationships: true });
    expect(texts.length).toBe(2);
    for (const text of texts) expect(text).toContain(readMode);
    // What keeps the graph writes, over the same proxy.
    const others = neo4j.questions().filter((text) => !text.includes(readMode));
    expect(others.length).toBeGreaterThan(0);
    expect(kindsOf(others)).toEqual([]);
  });

  it('asks for ids and distances alone, near the query and near the taste at once', async () => {
    // The taste has 10 ms to come, which is not to be had each time on a busy machine.
    const requests = async () => {
      const { milvus: texts } = await askedTexts(1, { user: 'bob', like: [] });
      return texts.map((text) => {
        const fields = protobufFields(text.slice(grpcPrefixBytes));
        return { vectors: fields.get(nqField), output: fields.get(outputFieldsField) };
      });
    };
    await expect
      .poll(requests, { timeout: 120_000, interval: 50 })
      .toEqual([{ vectors: [2], output: ['id'] }]);
    // Nobody has no taste.
    const { milvus: texts } = await askedTexts(1, { like: [] });
    expect(protobufFields(texts[0]!.slice(grpcPrefixBytes)).get(nqField)).toEqual([1]);
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
