import type { BatchRows } from '../../domain/batch-rows.ts';
import type { RerankRequest } from '../../domain/rerank-batch.ts';
import type { RankedRows } from '../../domain/rescore.ts';
import type { WindowColumns } from '../../domain/scoring.ts';
import type { NativeEngine } from '../../native/engine.ts';
import { packGram, packRescore, readRescore } from '../../native/pack-batch.ts';
import type { ExactScorer } from '../../ports/exact-scorer.ts';

/** The exact routine in C++: the bits of `domain/rescore.ts` and `domain/gram.ts`. */
export class NativeExactScorer implements ExactScorer {
  readonly name = 'native';
  readonly #engine: NativeEngine;

  constructor(engine: NativeEngine) {
    this.#engine = engine;
  }

  rescore(
    blocks: BatchRows,
    request: RerankRequest,
    window: WindowColumns,
    selected: Uint32Array,
  ): RankedRows {
    const { addon } = this.#engine;
    const table = this.#engine.table(blocks.table);
    return this.#engine.now(
      (arena) => packRescore(arena, blocks, request, window, selected),
      (slot) => addon.rescore(table, slot, selected.length),
      (arena) => readRescore(arena, selected),
    );
  }

  gram(blocks: BatchRows, rows: Uint32Array): Float64Array {
    const { addon } = this.#engine;
    const table = this.#engine.table(blocks.table);
    const cosines = new Float64Array((rows.length * Math.max(0, rows.length - 1)) / 2);
    return this.#engine.now(
      (arena) => packGram(arena, blocks, rows),
      (slot) => addon.gram(table, slot, rows.length, cosines),
      () => cosines,
    );
  }
}
