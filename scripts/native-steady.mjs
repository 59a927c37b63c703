// Calls `rerank` again and again over one table and says what stays: C++ allocations after the first calls (none are
// expected) and how far the resident memory of the process drifts (2 % are).
//   npm run steady:native -- --calls 100000
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { NativeReranker } from '../dist/adapters/native/native-reranker.js';
import { NativeEngine } from '../dist/native/engine.js';
import { makeBatch, makeSnapshot, Random } from './native-fixture.mjs';

const { values: options } = parseArgs({ options: { calls: { type: 'string', default: '100000' } } });
const calls = Number(options.calls);
const addon = createRequire(import.meta.url)(
  fileURLToPath(new URL('../build/Release/triptych.node', import.meta.url)),
);
addon.start({ threads: 1, queueMax: 64 });
const engine = new NativeEngine(addon, addon.backendOpen('', 'auto'));
const reranker = new NativeReranker(engine);
const random = new Random(7);
const memory = (bytes) => addon.allocate(bytes);
const table = makeSnapshot(random, { count: 2_000, dimension: 384, tier: 'f32', memory });
// Below and above the size from which on a call goes to the addon's threads.
const small = makeBatch(random, table, { requests: 1, candidates: 300, rankDepth: 100 });
const large = makeBatch(random, table, { requests: 4, candidates: 600, rankDepth: 100 });

const run = async (count) => {
  for (let i = 0; i < count; i++) await reranker.rerank(i % 10 === 0 ? large : small);
};
const resident = () => {
  globalThis.gc?.();
  return process.memoryUsage().rss;
};

const started = Date.now();
await run(Math.max(1_000, Math.floor(calls / 10)));
const allocations = addon.stats().allocations;
const rss = resident();
await run(calls);
const allocated = addon.stats().allocations - allocations;
const drift = (resident() / rss - 1) * 100;
process.stdout.write(
  `${calls} calls on ${engine.backend.variant} in ${((Date.now() - started) / 1000).toFixed(0)} s: ` +
    `${allocated} native allocations, resident memory ${(rss / 2 ** 20).toFixed(1)} MiB, drift ${drift.toFixed(2)} %\n`,
);
process.exitCode = allocated === 0 && drift < 2 ? 0 : 1;
