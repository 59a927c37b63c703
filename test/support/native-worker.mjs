// A thread of JavaScript that loads the addon, starts jobs and ends in the middle of them: see native-life.test.ts.
import { createRequire } from 'node:module';
import { workerData } from 'node:worker_threads';
import { Arena } from '../../dist/native/arena.js';
import { openTable } from '../../dist/native/open-table.js';
import { packRerank } from '../../dist/native/pack-batch.js';
import { makeBatch, makeSnapshot, Random } from '../../scripts/native-fixture.mjs';

const addon = createRequire(import.meta.url)(workerData.addon);
// It ends from outside alone, however late that comes.
if (workerData.end === 'terminate') setInterval(() => {}, 1_000);
addon.start({ threads: 2, queueMax: 64 });
const { backend } = addon.backendOpen('', 'auto');
const random = new Random(workerData.seed);
const memory = (bytes) => addon.allocate(bytes);
const snapshot = makeSnapshot(random, { count: 500, dimension: 64, tier: 'f32', memory });
const table = openTable(addon, snapshot);
const batch = makeBatch(random, snapshot, { requests: 8, candidates: 400, rankDepth: 50 });
const jobs = Array.from({ length: 8 }, async (_, slot) => {
  const arena = new Arena(memory);
  packRerank(arena, batch, 0, 8);
  addon.arenaRegister(slot, arena.buffer, backend);
  await addon.rerankAsync(table, slot, 8);
});
if (workerData.end === 'wait') await Promise.all(jobs);
// Without waiting: the thread ends with jobs queued and running.
if (workerData.end === 'exit') process.exit(0);
