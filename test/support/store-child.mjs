/**
 * A process of its own around the embedded store, for tests that kill it. Lines on stdout, each written at once:
 *   hold DIR [URL]   takes the lock of the folder (and records the URL), says `held`, waits.
 *   write DIR SEED   opens the store, says `state ID VERSION TITLE` for each document and `ready`, then writes for
 *                    ever: `begin (put|delete) STEP ID...` before a call, `ack ID VERSION` per write after it.
 */
import { acquireDataDirLock } from '../../dist/adapters/pglite/data-dir-lock.js';
import { openPglite } from '../../dist/adapters/pglite/open-pglite.js';
import { say } from './say.mjs';

const [mode, dataDir, argument] = process.argv.slice(2);

async function hold() {
  const lock = await acquireDataDirLock(dataDir);
  if (argument !== undefined) await lock.recordUrl(argument);
  say('held');
  setInterval(() => {}, 1_000);
}

const clock = { nowMs: () => performance.now(), epochMs: () => Date.now(), after: () => () => {} };
const schema = {
  name: 'durable',
  facets: [],
  fields: {},
  scales: {},
  embedding: { model: 'test', dimension: 8, tier: 'f32', lo: 0, hi: 1, text: ['title'] },
  popularity: null,
  recency: null,
  relations: [],
  language: 'none',
};

/** Small pseudo-random generator (mulberry32), so that a cycle can be run again. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function write() {
  const { documents: store } = await openPglite({ dataDir, clock });
  const { generation } = await store.createCatalogue('t', schema);
  const documents = await store.list('t', generation, null, 1_000);
  for (const { id, version, title } of documents) say('state', id, version, title);
  say('ready');
  const random = generator(Number(argument));
  for (let step = 0; ; step += 1) {
    const size = [1, 1, 10, 50][Math.floor(random() * 4)];
    const first = Math.floor(random() * 200);
    const deletes = random() < 0.2;
    const name = `${argument}.${step}`;
    const writes = Array.from({ length: size }, (_, i) => {
      const id = `d${(first + i) % 200}`;
      if (deletes) return { kind: 'delete', id };
      const embedding = Float32Array.from({ length: 8 }, random);
      const body = { text: 'x'.repeat(Math.floor(random() * 4_000)), facets: {}, fields: {}, relations: [] };
      return { kind: 'put', document: { id, title: name, embedding, ...body } };
    });
    say('begin', deletes ? 'delete' : 'put', name, ...writes.map((one) => one.id ?? one.document.id));
    const acks = await store.write('t', generation, writes);
    for (const ack of acks) say('ack', ack.id, ack.version);
  }
}

await (mode === 'hold' ? hold() : write());
