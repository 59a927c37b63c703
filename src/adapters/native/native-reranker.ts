import { checkRerankBatch } from '../../domain/rerank-batch-check.ts';
import { limits } from '../../limits.ts';
import { ArenaFull } from '../../native/arena.ts';
import type { NativeEngine } from '../../native/engine.ts';
import { packRerank, readRerank } from '../../native/pack-batch.ts';
import type { RerankAnswer, RerankBatch, Reranker } from '../../ports/reranker.ts';

interface Answers {
  readonly selected: Uint32Array[];
  readonly dropped: Uint32Array[];
}

/**
 * The kernels of the C++ library on the processor. Small windows run at once, larger ones on the addon's own threads;
 * which of the two changes no bit.
 */
export class NativeReranker implements Reranker {
  readonly name = 'native';
  readonly variant: string;
  readonly #engine: NativeEngine;

  constructor(engine: NativeEngine) {
    this.#engine = engine;
    this.variant = engine.backend.variant;
  }

  /**
   * The epoch's rows are kept until the batch has ended, also when nobody waits for it any more.
   * @throws as a rejection: RangeError, signal.reason, TriptychError overloaded
   */
  async rerank(batch: RerankBatch, signal?: AbortSignal): Promise<RerankAnswer> {
    signal?.throwIfAborted();
    checkRerankBatch(batch);
    const release = batch.table.retain();
    try {
      const answers: Answers = { selected: [], dropped: [] };
      await this.#run(batch, 0, batch.requests.length, answers, signal);
      return answers;
    } finally {
      release();
    }
  }

  /** Requests first .. end, in halves where they do not fit into an arena together. */
  async #run(
    batch: RerankBatch,
    first: number,
    end: number,
    answers: Answers,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const engine = this.#engine;
    const table = engine.table(batch.table);
    const pack = (arena: Parameters<typeof packRerank>[0]): void => packRerank(arena, batch, first, end);
    const read = (arena: Parameters<typeof readRerank>[0]): RerankAnswer =>
      readRerank(arena, batch, first, end, answers);
    try {
      if (products(batch, first, end) <= limits.nativeSyncProductsMax)
        engine.now(pack, (slot) => engine.addon.rerank(table, slot, end - first), read);
      else
        await engine.later(pack, (slot) => engine.addon.rerankAsync(table, slot, end - first), read, signal);
    } catch (error) {
      if (!(error instanceof ArenaFull) || end - first < 2) throw error;
      const middle = (first + end) >> 1;
      await this.#run(batch, first, middle, answers, signal);
      await this.#run(batch, middle, end, answers, signal);
    }
  }
}

/** Multiplications of the dot products: what a batch costs, roughly. */
function products({ offsets, requests, table }: RerankBatch, first: number, end: number): number {
  let sum = 0;
  for (let i = first; i < end; i++) {
    const { queryVector, tasteVector } = requests[i]!;
    const vectors = Number(queryVector !== null) + Number(tasteVector !== null);
    // A candidate without vectors still has its columns read.
    sum += (offsets[i + 1]! - offsets[i]!) * (vectors * table.dimension + 32);
  }
  return sum;
}
