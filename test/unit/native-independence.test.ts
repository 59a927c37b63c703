import { describe, expect, it } from 'vitest';
import { nativeVariants } from '../../src/adapters/native/open-native.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import type { NativeAddon } from '../../src/native/addon.ts';
import { NativeEngine } from '../../src/native/engine.ts';
import { loadAddon } from '../../src/native/load.ts';
import { packRerank, readRerank } from '../../src/native/pack-batch.ts';
import type { RerankAnswer, RerankBatch } from '../../src/ports/reranker.ts';
import { Random } from '../support/random.ts';
import {
  batchOf,
  mixed,
  params,
  permuted,
  request,
  type ScoreCase,
  windowOf,
} from '../support/score-cases.ts';
import { makeTable, type TableRow } from '../support/table.ts';

const loaded = loadAddon({ threads: 2 });

/** Rows so near to each other that one differing bit of a score changes which 32 of them are selected. */
function nearTies(random: Random, dimension: number): TableSnapshot {
  const bits = new Uint32Array(1);
  const float = new Float32Array(bits.buffer);
  const vector = random.unitVector(dimension);
  const rows = Array.from({ length: 120 }, (_, i): TableRow => {
    const near = vector.slice();
    const at = random.integer(dimension);
    float[0] = near[at]!;
    bits[0]! += random.integer(4);
    near[at] = float[0];
    return { id: `n${random.integer(1e9)}-${i}`, vector: near, popularity: 0.5, recencyMs: 0 };
  });
  return makeTable(dimension, rows);
}

function engineOf(addon: NativeAddon, variant: string): NativeEngine | string {
  try {
    return new NativeEngine(addon, addon.backendOpen('', variant));
  } catch (error) {
    return String(error);
  }
}

class Runner {
  readonly #engine: NativeEngine;

  constructor(engine: NativeEngine) {
    this.#engine = engine;
  }

  now(batch: RerankBatch): RerankAnswer {
    const { addon } = this.#engine;
    const table = this.#engine.table(batch.table);
    const count = batch.requests.length;
    return this.#engine.now(
      (arena) => packRerank(arena, batch, 0, count),
      (slot) => addon.rerank(table, slot, count),
      (arena) => readRerank(arena, batch, 0, count, { selected: [], dropped: [] }),
    );
  }

  onThreads(batch: RerankBatch): Promise<RerankAnswer> {
    const { addon } = this.#engine;
    const table = this.#engine.table(batch.table);
    const count = batch.requests.length;
    return this.#engine.later(
      (arena) => packRerank(arena, batch, 0, count),
      (slot) => addon.rerankAsync(table, slot, count),
      (arena) => readRerank(arena, batch, 0, count, { selected: [], dropped: [] }),
    );
  }
}

function rowsOf(answer: RerankAnswer, index: number, { window }: ScoreCase): number[] {
  return Array.from(answer.selected[index]!, (at) => window.rows[at]!).sort((a, b) => a - b);
}

for (const variant of nativeVariants) {
  const engine = 'reason' in loaded ? loaded.reason : engineOf(loaded.addon, variant);
  const here = typeof engine !== 'string';
  describe.skipIf(!here)(`score bits of ${variant}${here ? '' : ` (${engine})`}`, () => {
    for (const dimension of [3, 31, 96, 511]) {
      it(`depend on nothing but the row and the request, dimension ${dimension}`, async () => {
        const runner = new Runner(engine as NativeEngine);
        const random = new Random(`independence ${variant} ${dimension}`);
        const table = nearTies(random, dimension);
        const queryVector = mixed(random, table.vectors.values.slice(0, dimension) as Float32Array, 0.5);
        const one = request({ queryVector, params: params({ rankDepth: 0 }) });
        const cases: ScoreCase[] = [];
        for (let count = 1; count <= 67; count++) {
          const rows = random.shuffle(Array.from({ length: 120 }, (_, row) => row)).slice(0, count);
          cases.push({ request: one, window: windowOf(rows) });
        }
        const alone = cases.map((single) => rowsOf(runner.now(batchOf(table, [single])), 0, single));
        expect(alone.map((rows) => rows.length)).toEqual(cases.map((_, i) => Math.min(i + 1, 32)));
        // Another order.
        cases.forEach((single, i) => {
          const order = random.shuffle(Array.from(single.window.rows.keys()));
          const moved = { ...single, window: permuted(single.window, order) };
          expect(rowsOf(runner.now(batchOf(table, [moved])), 0, moved)).toEqual(alone[i]);
        });
        // Among each other, at once on two threads.
        const batches = Array.from({ length: 6 }, () =>
          random.shuffle(Array.from(cases.keys())).slice(0, 30),
        );
        const answers = await Promise.all(
          batches.map((picked) =>
            runner.onThreads(
              batchOf(
                table,
                picked.map((i) => cases[i]!),
              ),
            ),
          ),
        );
        answers.forEach((answer, b) => {
          batches[b]!.forEach((i, at) => {
            expect(rowsOf(answer, at, cases[i]!)).toEqual(alone[i]);
          });
        });
      });
    }
  });
}
