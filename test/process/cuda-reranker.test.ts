import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CudaReranker } from '../../src/adapters/cuda/cuda-reranker.ts';
import { DeviceTables } from '../../src/adapters/cuda/device-tables.ts';
import { openCuda } from '../../src/adapters/cuda/open-cuda.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import type { StoredDocument } from '../../src/domain/document.ts';
import { ResidentTable } from '../../src/domain/resident-table.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import { NativeEngine } from '../../src/native/engine.ts';
import { loadAddon } from '../../src/native/load.ts';
import { probeLibrary } from '../../src/native/probe.ts';
import { GuardedBackend } from '../../src/search/guarded-backend.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { Random } from '../support/random.ts';
import { batchOf, randomCase, randomTable } from '../support/score-cases.ts';
import { silentLogger } from '../support/search-fixture.ts';
import { testSchema } from '../support/table.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'triptych-fake-'));
const library = join(folder, 'libfake.so');
const log = join(folder, 'calls.log');
const loaded = loadAddon();

/** Why nothing here can run, or null. */
const absent =
  'reason' in loaded
    ? `the addon is not here: ${loaded.reason}`
    : spawnSync('g++', ['--version']).status === 0
      ? null
      : 'no g++ on this machine';

beforeAll(() => {
  if (absent !== null) return;
  process.env.TRIPTYCH_FAKE_LOG = log;
  const source = join(root, 'test', 'support', 'fake-backend.cc');
  const flags = [
    '-std=c++17',
    '-shared',
    '-fPIC',
    '-fvisibility=hidden',
    `-I${join(root, 'native', 'include')}`,
  ];
  const built = spawnSync('g++', [...flags, source, '-o', library], { encoding: 'utf8' });
  expect(built.status, built.stderr).toBe(0);
}, 120_000);

beforeEach(() => writeFileSync(log, ''));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const calls = (): string[] => readFileSync(log, 'utf8').split('\n').filter(Boolean);

function device(variant: string, clock = new FakeClock()) {
  if ('reason' in loaded) throw new Error(loaded.reason);
  const engine = new NativeEngine(loaded.addon, loaded.addon.backendOpen(library, variant));
  const tables = new DeviceTables(engine, { clock, logger: silentLogger });
  return { tables, clock, reranker: new CudaReranker(engine, tables) };
}

function documentOf(id: string): StoredDocument {
  const embedding = Float32Array.of(1, 0, 0, 0);
  return { id, version: 1, title: id, text: '', embedding, facets: {}, fields: {}, relations: [] };
}

function batchWith(table: TableSnapshot, requestCount: number) {
  const random = new Random('cuda reranker');
  return batchOf(
    table,
    Array.from({ length: requestCount }, () => randomCase(random, table, { rankDepth: 5 })),
  );
}

/** A table whose first epoch is on the device. */
async function ready(variant: string) {
  const made = device(variant);
  const table = randomTable(new Random('cuda table'), 60, 8);
  made.reranker.supports(table);
  await made.tables.settled();
  return { ...made, table };
}

describe.skipIf(absent !== null)(
  `a GPU that answers as it is told${absent === null ? '' : ` (${absent})`}`,
  () => {
    it('serves an epoch once it is there, and refuses it before without waiting', async () => {
      const { reranker, tables } = device('ready');
      const table = randomTable(new Random('cuda table'), 60, 8);
      const batch = batchWith(table, 2);
      await expect(reranker.rerank(batch)).rejects.toThrow(/on its way/);
      expect(reranker.supports(table)).toBe(true);
      await tables.settled();
      const answer = await reranker.rerank(batch);
      expect(answer.selected.map((one) => one.length)).toEqual([37, 37]);
      expect(calls()).toEqual([`sync ${table.rowCount} rows, all`, 'rerank 2']);
      await reranker.close();
      expect(calls().at(-1)).toBe('drop');
    });

    it('uploads what changed, and leaves an epoch that is not there to others', async () => {
      const { reranker, tables } = device('changes');
      const resident = new ResidentTable(testSchema(4, []), 1);
      const publish = (id: string): TableSnapshot => {
        resident.apply([{ kind: 'put', document: documentOf(id) }]);
        return resident.publish();
      };
      const first = publish('a');
      reranker.supports(first);
      await tables.settled();
      const second = publish('b');
      expect(reranker.supports(second)).toBe(false);
      await tables.settled();
      expect(reranker.supports(second)).toBe(true);
      publish('c');
      const fourth = publish('d');
      expect(reranker.supports(fourth)).toBe(false);
      await tables.settled();
      expect(calls()).toEqual(['sync 1 rows, all', 'sync 2 rows, 1', 'sync 4 rows, all']);
    });

    it('halves a batch that the device has no memory for', async () => {
      const { reranker, table } = await ready('oom=2');
      const batch = batchWith(table, 5);
      const answer = await reranker.rerank(batch);
      expect(answer.selected).toHaveLength(5);
      expect(calls().slice(1)).toEqual(['rerank 5', 'rerank 2', 'rerank 3', 'rerank 1', 'rerank 2']);
    });

    it('gives up a single request that the device has no memory for', async () => {
      const { reranker, table } = await ready('oom=0');
      await expect(reranker.rerank(batchWith(table, 2))).rejects.toMatchObject({ code: 'overloaded' });
      expect(calls().slice(1)).toEqual(['rerank 2', 'rerank 1']);
    });

    it('is latched off with the reason when the device is lost, and says so at every call', async () => {
      const { reranker, table, clock } = await ready('lost=2');
      const guarded = new GuardedBackend(reranker, { clock, logger: silentLogger }, { lastResort: false });
      const signal = new AbortController().signal;
      const batch = batchWith(table, 1);
      await guarded.call(batch, signal, 1_000);
      expect(guarded.takes(table)).toBe(true);
      await expect(guarded.call(batch, signal, 1_000)).rejects.toMatchObject({ code: 'unavailable' });
      expect(guarded.offReason).toMatch(/the device fell off the bus/);
      expect(guarded.takes(table)).toBe(false);
      const before = calls().length;
      await expect(reranker.rerank(batch)).rejects.toMatchObject({ code: 'unavailable' });
      expect(calls()).toHaveLength(before);
    });

    it('leaves a table that is larger than the device to others, and tries again later', async () => {
      const { reranker, table, tables, clock } = await ready('large');
      expect(reranker.supports(table)).toBe(false);
      await expect(reranker.rerank(batchWith(table, 1))).rejects.toThrow(/the table takes 9 GiB/);
      expect(calls()).toHaveLength(1);
      clock.advance(10_000);
      expect(reranker.supports(table)).toBe(false);
      await tables.settled();
      expect(calls()).toHaveLength(2);
    });
  },
);

describe.skipIf(absent !== null)(`the probe${absent === null ? '' : ` (${absent})`}`, () => {
  it.each([
    ['what runs', 'fine', { variant: 'fake device' }],
    ['the reason of a refusal', 'refuse', { reason: expect.stringMatching(/the driver sees no device/) }],
    ['a crash', 'crash', { reason: 'opening it ends the process with SIGABRT' }],
    ['a hang', 'sleep', { reason: 'opening it did not end within 5000 ms' }],
  ])('answers with %s', { timeout: 60_000 }, async (_, variant, answer) => {
    const timeoutMs = variant === 'sleep' ? 5_000 : 50_000;
    expect(await probeLibrary({ library, variant, timeoutMs })).toEqual(answer);
  });

  it('answers with the reason for a library that is none', { timeout: 60_000 }, async () => {
    writeFileSync(join(folder, 'none.so'), 'nothing');
    const opened = await openCuda({
      library: join(folder, 'none.so'),
      clock: systemClock,
      logger: silentLogger,
    });
    expect(opened).toEqual({ reason: expect.stringMatching(/none\.so/) });
    const gone = await openCuda({
      library: join(folder, 'gone.so'),
      clock: systemClock,
      logger: silentLogger,
    });
    expect(gone).toEqual({ reason: 'its library was not built (node cuda/build.mjs)' });
  });
});
