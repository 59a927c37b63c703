// Wrong calls of the addon, drawn from a seed: see fuzz-native.mjs.
import { Arena } from '../dist/native/arena.js';
import { layout } from '../dist/native/arena-layout.js';
import { openTable } from '../dist/native/open-table.js';
import { packGram, packRerank, packRescore } from '../dist/native/pack-batch.js';
import { packScan } from '../dist/native/pack-scan.js';
import { makeBatch, makeSnapshot, makeTransient } from './native-fixture.mjs';

const isTypedArray = (value) => ArrayBuffer.isView(value) && !(value instanceof DataView);

export class Fuzzer {
  codes = new Map();
  checked = 0;
  #addon;
  #random;
  #tables = [];
  #packed = [];
  #exports;
  #pending = [];
  #reference = null;

  constructor(addon, random) {
    this.#addon = addon;
    this.#random = random;
    const backends = ['baseline', 'avx2', 'avx512', 'neon'].flatMap((variant) => {
      try {
        return [addon.backendOpen('', variant).backend];
      } catch {
        return [];
      }
    });
    this.backends = backends;
    for (const [i, tier] of ['f32', 'f16', 'int8', 'f32'].entries())
      this.#addTable(tier, [19, 8, 33, 1][i], i % 2 === 0);
    this.#exports = {
      start: () =>
        addon.start(
          random.next() < 0.5 ? { threads: this.#number(), queueMax: this.#number() } : this.#junk(),
        ),
      backendOpen: () =>
        addon.backendOpen(random.pick(['', '/nowhere.so', 'x\0y']), random.pick(['auto', 'avx2', 'sse9'])),
      allocate: () =>
        addon.allocate(
          random.next() < 0.9 ? random.below(1 << 14) : random.pick([-1, 2 ** 52, '8', 3 << 20]),
        ),
      tableOpen: () => this.#openTable(),
      tableClose: () => addon.tableClose(this.#closable()),
      arenaRegister: () => this.#register(),
      cancel: () => addon.cancel(this.#slot()),
      stats: () => addon.stats(),
      tableSyncAsync: () =>
        addon.tableSyncAsync(
          this.#backend(),
          this.#table(),
          random.pick([null, new Uint32Array(3), new Uint32Array(2).fill(99), this.#junk()]),
        ),
      tableDropAsync: () => addon.tableDropAsync(this.#backend(), this.#number()),
      gram: () => addon.gram(this.#table(), this.#slot(), this.#count(), this.#out()),
      scanAsync: () => addon.scanAsync(this.#table(), this.#slot(), this.#count(), this.#mask()),
      ...Object.fromEntries(
        ['rerank', 'rerankAsync', 'rescore'].map((name) => [
          name,
          () => addon[name](this.#table(), this.#slot(), this.#count()),
        ]),
      ),
    };
    this.names = Object.keys(this.#exports);
    const missing = Object.keys(addon).filter((name) => !(name in this.#exports));
    if (missing.length > 0) throw new Error(`exports that are not called: ${missing.join(', ')}`);
  }

  /** One call; whether it was refused. */
  async call() {
    if (this.#random.next() < 0.002) this.#checkRightCall();
    // Mostly arenas: they have the most to get wrong.
    const name = this.#random.next() < 0.6 ? this.#packAnArena() : this.#random.pick(this.names);
    try {
      const answer = this.#exports[name]();
      if (answer instanceof Promise) this.#pending.push(answer.catch((error) => this.#count_(name, error)));
      return false;
    } catch (error) {
      this.#count_(name, error);
      return true;
    }
  }

  async settle() {
    await Promise.all(this.#pending);
    this.#pending = [];
    if (this.#random.next() < 0.005) globalThis.gc?.();
  }

  #count_(name, error) {
    if (!(error instanceof Error) || typeof error.code !== 'string' || typeof error.path !== 'string')
      throw new Error(`${name} threw something without a code: ${error}`);
    this.codes.set(error.code, (this.codes.get(error.code) ?? 0) + 1);
  }

  #addTable(tier, dimension, pinned) {
    const random = this.#random;
    const memory = pinned ? (bytes) => this.#addon.allocate(bytes) : undefined;
    const snapshot = makeSnapshot(random, { count: 60, dimension, tier, memory });
    const table = openTable(this.#addon, snapshot);
    this.#tables.push({ snapshot, table });
    const at = this.#tables.length - 1;
    const batch = makeBatch(random, snapshot, { requests: 3, candidates: 20, rankDepth: 5 });
    const moved = { ...batch, transient: makeTransient(snapshot, [1, 2, 3]), rows: batch.rows.slice() };
    moved.rows.fill(61, 3, 9);
    const selected = Uint32Array.from({ length: 9 }, (_, i) => i);
    const vectors = [random.unitVector(dimension), random.unitVector(dimension)];
    this.#pack(at, 'rerank', 3, (arena) => packRerank(arena, batch, 0, 3));
    this.#pack(at, 'rerank', 3, (arena) => packRerank(arena, moved, 0, 3));
    this.#pack(at, 'rescore', 9, (arena) => packRescore(arena, moved, batch.requests[0], moved, selected));
    this.#pack(at, 'gram', 6, (arena) => packGram(arena, moved, moved.rows.slice(0, 6)));
    this.#pack(at, 'scanAsync', 2, (arena) => packScan(arena, vectors, 7));
  }

  #pack(table, name, count, pack) {
    const arena = new Arena((bytes) => new ArrayBuffer(bytes));
    pack(arena);
    const used = arena.u32[layout.answersAtWord];
    const records = arena.u32[layout.requestsAtWord];
    this.#packed.push({ table, name, count, used, records, bytes: arena.u8.slice(0, used + 4096) });
  }

  /** Registers a copy of a packed arena, nearly always damaged, and answers which export would run it. */
  #packAnArena(damage = true) {
    const random = this.#random;
    const one = random.pick(this.#packed);
    const bytes = one.bytes.slice();
    if (damage) for (let i = 1 + random.below(4); i > 0; i--) this.#damage(one, bytes);
    const spare = random.next() < 0.2 ? random.below(4096) & ~7 : 0;
    const buffer = random.next() < 0.5 ? bytes.buffer.slice(0, bytes.length - spare) : this.#native(bytes);
    this.slot = random.below(16);
    try {
      this.#addon.arenaRegister(this.slot, buffer, random.pick(this.backends));
    } catch (error) {
      this.#count_('arenaRegister', error);
    }
    if (random.next() < 0.01) this.#giveAway(buffer);
    this.now = one;
    if (one.name === 'rerank' && random.next() < 0.2) return 'rerankAsync';
    return one.name;
  }

  #native(bytes) {
    const buffer = this.#addon.allocate(bytes.length);
    new Uint8Array(buffer).set(bytes);
    return buffer;
  }

  #giveAway(buffer) {
    // Memory of the addon's own cannot be transferred; a promise that runs has its slot, not this buffer.
    try {
      structuredClone(buffer, { transfer: [buffer] });
    } catch {}
  }

  #damage({ used, records }, bytes) {
    const random = this.#random;
    const words = new Uint32Array(bytes.buffer);
    const places = [
      () => random.below(32),
      () => records / 4 + random.below(3 * (layout.requestBytes / 4)),
      () => random.below(used / 4),
    ];
    const at = Math.floor(random.pick(places)());
    const values = [
      () => 0,
      () => 1,
      () => 0xffff_ffff,
      () => 0x8000_0000,
      () => words[at] + 4 * (random.below(9) - 4),
      () => words[at] ^ (1 << random.below(32)),
      () => bytes.length - 4 * random.below(8),
      () => random.below(2 ** 32),
      () => random.below(64),
      () => 0x7fc0_0000,
    ];
    words[at] = random.pick(values)();
  }

  #junk() {
    const junk = [
      undefined,
      null,
      -1,
      1.5,
      Number.NaN,
      2 ** 53,
      2 ** 40,
      '7',
      {},
      [],
      Symbol.iterator,
      10n,
      () => 1,
    ];
    return this.#random.pick([
      ...junk,
      new Float32Array(4),
      new ArrayBuffer(8),
      new DataView(new ArrayBuffer(8)),
    ]);
  }

  #number() {
    return this.#random.next() < 0.7 ? this.#random.below(300) : this.#junk();
  }

  #table() {
    const random = this.#random;
    if (random.next() < 0.03) return this.#junk();
    const at =
      this.now === undefined || random.next() < 0.05 ? random.below(this.#tables.length) : this.now.table;
    return this.#tables[at].table;
  }

  #backend() {
    return this.#random.next() < 0.7 ? this.#random.pick(this.backends) : this.#number();
  }

  #slot() {
    const random = this.#random;
    if (random.next() < 0.03) return random.pick([5, 255, 256, 1e9, this.#junk()]);
    return this.slot ?? 0;
  }

  #count() {
    return this.#random.next() < 0.9 && this.now !== undefined ? this.now.count : this.#number();
  }

  #out() {
    const random = this.#random;
    if (random.next() < 0.9) return new Float64Array(15);
    return random.pick([
      new Float64Array(14),
      new Float32Array(15),
      this.#junk(),
      new Float64Array(new SharedArrayBuffer(120)),
    ]);
  }

  #mask() {
    const random = this.#random;
    if (random.next() < 0.9) return new Uint8Array(60).fill(1);
    return random.pick([new Uint8Array(59), new Int8Array(60), this.#junk()]);
  }

  /** Handles of tables that are in use elsewhere stay open. */
  #closable() {
    if (this.#random.next() < 0.5) return this.#junk();
    const table = openTable(this.#addon, this.#tables[0].snapshot);
    this.#addon.tableClose(table);
    return table;
  }

  #openTable() {
    const random = this.#random;
    const { snapshot } = random.pick(this.#tables);
    const { values, scales } = snapshot.vectors;
    const columns = {
      ...snapshot,
      stride: snapshot.vectors.stride,
      tier: { f32: 0, f16: 1, int8: 2 }[snapshot.vectors.tier],
      vectors: values,
      scales,
      facetCodeCount: 40,
      table: 0,
      epoch: 0,
    };
    for (let i = random.below(3); i > 0; i--) {
      const name = random.pick(Object.keys(columns));
      const was = columns[name];
      columns[name] = random.pick([
        () => this.#junk(),
        () => this.#number(),
        () => (isTypedArray(was) ? was.slice(0, random.below(was.length + 1)) : was),
        () => (isTypedArray(was) ? was.map(() => random.below(2 ** 31)) : was),
        () => [new Float64Array(random.below(70)), this.#junk()],
      ])();
    }
    return this.#addon.tableOpen(random.next() < 0.02 ? this.#junk() : columns);
  }

  #register() {
    const random = this.#random;
    const buffer = random.pick([
      () => new ArrayBuffer(random.below(4096)),
      () => new SharedArrayBuffer(4096),
      () => new ArrayBuffer(4096, { maxByteLength: 8192 }),
      () => this.#addon.allocate(4096),
      () => this.#junk(),
    ])();
    return this.#addon.arenaRegister(
      random.next() < 0.5 ? random.below(8) : this.#number(),
      buffer,
      this.#number(),
    );
  }

  /** A whole arena in a slot of its own: the answer is what it was the first time. */
  #checkRightCall() {
    const one = this.#packed[0];
    const bytes = one.bytes.slice();
    this.#addon.arenaRegister(200, bytes.buffer, this.backends[0]);
    this.#addon.rerank(this.#tables[0].table, 200, one.count);
    const answer = Buffer.from(bytes.buffer, one.used, 1024).toString('hex');
    this.#reference ??= answer;
    if (answer !== this.#reference) throw new Error('a right call gave another answer than before');
    this.checked++;
  }
}
