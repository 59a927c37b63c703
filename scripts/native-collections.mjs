// Storms of garbage collection: tables and arenas are made, used on both paths and dropped while the heap is collected
// before, during and after each job. Run with --expose-gc; the argument is a seed.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Arena } from '../dist/native/arena.js';
import { openTable } from '../dist/native/open-table.js';
import { packRerank, readRerank } from '../dist/native/pack-batch.js';
import { makeBatch, makeSnapshot, Random } from './native-fixture.mjs';

const addon = createRequire(import.meta.url)(
  fileURLToPath(new URL('../build/Release/triptych.node', import.meta.url)),
);
addon.start({ threads: 2, queueMax: 64 });
const { backend } = addon.backendOpen('', 'auto');
const random = new Random(Number(process.argv[2] ?? 1));

/** A table that only its handle keeps, and a job whose arena only its slot keeps. */
function begin(slot, pinned) {
  const memory = pinned ? (bytes) => addon.allocate(bytes) : (bytes) => new ArrayBuffer(bytes);
  const snapshot = makeSnapshot(random, { count: 200, dimension: 48, tier: 'f16', memory });
  const batch = makeBatch(random, snapshot, { requests: 2, candidates: 150, rankDepth: 20 });
  const table = openTable(addon, snapshot);
  const arena = new Arena(memory);
  packRerank(arena, batch, 0, 2);
  addon.arenaRegister(slot, arena.buffer, backend);
  addon.rerank(table, slot, 2);
  const read = () => JSON.stringify(readRerank(arena, batch, 0, 2, { selected: [], dropped: [] }));
  const first = read();
  return { done: addon.rerankAsync(table, slot, 2), check: () => first === read() };
}

for (let round = 0; round < 60; round++) {
  const jobs = Array.from({ length: 6 }, (_, slot) => begin(slot, (round + slot) % 2 === 0));
  globalThis.gc();
  for (const { done } of jobs) {
    await done;
    globalThis.gc();
  }
  if (!jobs.every(({ check }) => check())) throw new Error(`round ${round}: an answer changed`);
}
process.stdout.write('every answer was right\n');
