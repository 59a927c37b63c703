import { NativeExactScorer } from '../../src/adapters/native/native-exact-scorer.ts';
import { NativeReranker } from '../../src/adapters/native/native-reranker.ts';
import type { RowMemory } from '../../src/domain/row-memory.ts';
import { limits } from '../../src/limits.ts';
import type { NativeAddon, NativeStats } from '../../src/native/addon.ts';
import { Arena } from '../../src/native/arena.ts';
import { layout } from '../../src/native/arena-layout.ts';
import { NativeEngine } from '../../src/native/engine.ts';
import { loadAddon } from '../../src/native/load.ts';
import { packGram, packRerank, readRerank } from '../../src/native/pack-batch.ts';
import type { ExactScorer } from '../../src/ports/exact-scorer.ts';
import type { RerankAnswer, RerankBatch, Reranker } from '../../src/ports/reranker.ts';

/** Two, so that scaling can be measured; a service takes what its quota allows, less one. */
const poolThreads = 2;

/** A batch that lies packed in an arena of its own, with nothing left to do but the call. */
export interface PreparedBatch {
  readonly call: () => void;
  /** The same on a thread of the pool. */
  readonly callAsync: () => Promise<void>;
  /** Takes other rows, as many as before. */
  readonly setRows: (rows: Uint32Array) => void;
  readonly answer: () => RerankAnswer;
  /** Gives its slot back; not to be called after. */
  readonly close: () => void;
}

/** The addon with one variant of its kernels, and what a bench needs beyond the ports. */
export interface NativeRig {
  /** `native avx2`; `(forced)` where the processor would have run another one. */
  readonly name: string;
  readonly isa: string;
  readonly reranker: Reranker;
  readonly exact: ExactScorer;
  readonly memory: RowMemory;
  readonly prepare: (batch: RerankBatch) => PreparedBatch;
  /** Cosines of all pairs of the batch's rows, packed once. */
  readonly prepareGram: (batch: RerankBatch) => {
    readonly call: () => Float64Array;
    readonly close: () => void;
  };
  readonly stats: () => NativeStats;
  /** Calls into the addon since the last time it was asked. */
  readonly countCalls: () => number;
}

/** The variant that the processor runs, then AVX2 where that is another one; a reason where the addon is not there. */
export function openRigs(): readonly NativeRig[] | string {
  const loaded = loadAddon({ threads: poolThreads });
  if ('reason' in loaded) return `no native addon: ${loaded.reason}`;
  const both = { plain: loaded.addon, ...counted(loaded.addon) };
  const native = openRig(both, 'auto');
  if (native.isa === 'avx2' || process.arch !== 'x64') return [native];
  try {
    return [native, openRig(both, 'avx2')];
  } catch {
    return [native];
  }
}

/** Slots from the end of the row, where no engine comes. */
const freeSlots = Array.from(
  { length: limits.nativeSlotsMax >> 1 },
  (_, i) => limits.nativeSlotsMax - 1 - i,
).reverse();

interface Addons {
  readonly plain: NativeAddon;
  readonly addon: NativeAddon;
  readonly countCalls: () => number;
}

function openRig({ plain, addon, countCalls }: Addons, wanted: 'auto' | 'avx2'): NativeRig {
  const backend = addon.backendOpen('', wanted);
  const engine = new NativeEngine(addon, backend);
  const makeArena = (): { readonly arena: Arena; readonly slot: number } => {
    const slot = freeSlots.pop();
    if (slot === undefined) throw new Error('every slot is taken: close what was prepared');
    return { arena: new Arena((bytes) => plain.allocate(bytes)), slot };
  };
  return {
    name: `native ${backend.variant}${wanted === 'auto' ? '' : ' (forced)'}`,
    isa: backend.variant,
    reranker: new NativeReranker(engine),
    exact: new NativeExactScorer(engine),
    memory: (bytes) => plain.allocate(bytes),
    prepare: (batch) => {
      const { arena, slot } = makeArena();
      const table = engine.table(batch.table);
      const count = batch.requests.length;
      packRerank(arena, batch, 0, count);
      plain.arenaRegister(slot, arena.buffer, backend.backend);
      return {
        call: () => plain.rerank(table, slot, count),
        callAsync: () => plain.rerankAsync(table, slot, count),
        setRows: (rows) => arena.u32.set(rows, arena.u32[layout.rowsAtWord]! / 4),
        answer: () => readRerank(arena, batch, 0, count, { selected: [], dropped: [] }),
        close: () => void freeSlots.push(slot),
      };
    },
    prepareGram: (batch) => {
      const { arena, slot } = makeArena();
      const table = engine.table(batch.table);
      packGram(arena, batch, batch.rows);
      plain.arenaRegister(slot, arena.buffer, backend.backend);
      const count = batch.rows.length;
      const out = new Float64Array((count * (count - 1)) / 2);
      return {
        call: () => {
          plain.gram(table, slot, count, out);
          return out;
        },
        close: () => void freeSlots.push(slot),
      };
    },
    stats: () => plain.stats(),
    countCalls,
  };
}

/**
 * The addon with each of its calls counted. One for all rigs: engines over one addon share its slots, and two objects
 * would be two addons to them.
 */
function counted(plain: NativeAddon): { readonly addon: NativeAddon; readonly countCalls: () => number } {
  let calls = 0;
  const wrapped = Object.entries(plain).map(([name, call]) => [
    name,
    (...args: unknown[]): unknown => {
      calls += 1;
      return Reflect.apply(call as () => unknown, plain, args);
    },
  ]);
  const countCalls = (): number => {
    const so = calls;
    calls = 0;
    return so;
  };
  return { addon: Object.fromEntries(wrapped) as NativeAddon, countCalls };
}
