import { afterEach, expect, it } from 'vitest';
import { MemoryGraphStore } from '../../src/adapters/memory/memory-graph-store.ts';
import { MemoryTextIndex } from '../../src/adapters/memory/memory-text-index.ts';
import { noRows, openRecall, type Recall, type Truth } from '../../src/compose-stores.ts';
import { loadConfig } from '../../src/config/load.ts';
import { testSchema } from '../support/arbitraries.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { silentLogger } from '../support/search-fixture.ts';
import { RecordingStoreMeter } from '../support/store-caller-fixture.ts';

const words = { name: 'words' } as unknown as NonNullable<Truth['words']>;
const milvus = { TRIPTYCH_MILVUS_ADDRESS: '127.0.0.1:9' };
const neo4j = { TRIPTYCH_NEO4J_URI: 'bolt://127.0.0.1:9', TRIPTYCH_NEO4J_PASSWORD: 'x' };

let opened: Recall[] = [];
afterEach(async () => {
  for (const recall of opened) await recall.close();
  opened = [];
});

/** What a catalogue is made of with these settings; nobody listens where they lead. */
function openStores(env: Record<string, string>, of: Truth['words']) {
  const { stores } = loadConfig({ env, cwd: process.cwd() }).config;
  const parts = { clock: new FakeClock(), logger: silentLogger, meter: new RecordingStoreMeter() };
  const recall = openRecall(stores, of, noRows, parts);
  opened.push(recall);
  return { recall, made: recall.stores('default', testSchema) };
}

it('no process keeps an index of words in memory where Postgres has one', () => {
  for (const env of [{}, milvus, neo4j, { ...milvus, ...neo4j }]) {
    const { recall, made } = openStores(env, words);
    expect(made.text).toBe(words);
    expect(made.textRoundTrip).toBe(true);
    expect(made.projections.filter((one) => one instanceof MemoryTextIndex)).toEqual([]);
    expect(recall.names.words).toBe('BM25 in Postgres');
    expect(recall.indexes).toContain(words);
  }
  // With both indexes on servers nothing but the table of rows follows the truth in this process.
  expect(openStores({ ...milvus, ...neo4j }, words).made.projections).toEqual([]);
});

it('each catalogue has an index of words and a graph of its own in memory where no server has them', () => {
  const { recall, made } = openStores({}, null);
  expect(made.text).toBeInstanceOf(MemoryTextIndex);
  expect(made.graph).toBeInstanceOf(MemoryGraphStore);
  expect(made.projections).toEqual([made.text, made.graph]);
  expect(made.textRoundTrip).toBe(false);
  expect(recall.stores('another', testSchema).text).not.toBe(made.text);
  expect(recall.indexes).toEqual([]);
});
