import { checkRerankBatch } from '../../domain/rerank-batch-check.ts';
import type { TableSnapshot } from '../../domain/table-snapshot.ts';
import { TriptychError } from '../../errors.ts';
import type { NativeTable } from '../../native/addon.ts';
import { ArenaFull } from '../../native/arena.ts';
import type { NativeEngine } from '../../native/engine.ts';
import { packRerank, readRerank } from '../../native/pack-batch.ts';
import type { RerankAnswer, RerankBatch, Reranker } from '../../ports/reranker.ts';
import type { DeviceTables } from './device-tables.ts';

interface Answers {
  readonly selected: Uint32Array[];
  readonly dropped: Uint32Array[];
}

/**
 * Whole batches on a GPU. It serves epochs that are on the device, and refuses others (RangeError) rather than wait. What
 * the device has no memory for goes in halves; a single request that it has none for, and everything once the device is
 * lost, is another backend's.
 */
export class CudaReranker implements Reranker {
  readonly name = 'cuda';
  readonly variant: string;
  readonly #engine: NativeEngine;
  readonly #tables: DeviceTables;

  constructor(engine: NativeEngine, tables: DeviceTables) {
    this.#engine = engine;
    this.#tables = tables;
    this.variant = engine.backend.variant;
  }

  supports(table: TableSnapshot): boolean {
    return this.#tables.takes(table);
  }

  /**
   * @throws as a rejection: RangeError, signal.reason, TriptychError overloaded; TriptychError unavailable once the
   * device is lost, for good
   */
  async rerank(batch: RerankBatch, signal?: AbortSignal): Promise<RerankAnswer> {
    signal?.throwIfAborted();
    checkRerankBatch(batch);
    const release = batch.table.retain();
    try {
      const table = this.#tables.handle(batch.table);
      const answers: Answers = { selected: [], dropped: [] };
      await this.#run({ batch, table, signal }, 0, batch.requests.length, answers);
      return answers;
    } catch (error) {
      if (error instanceof TriptychError && error.code === 'unavailable') this.#tables.lose(error);
      throw error;
    } finally {
      release();
    }
  }

  async close(): Promise<void> {
    await this.#tables.close();
  }

  /** Requests first .. end. What fails leaves no answers behind, so halves append in order. */
  async #run(
    call: {
      readonly batch: RerankBatch;
      readonly table: NativeTable;
      readonly signal: AbortSignal | undefined;
    },
    first: number,
    end: number,
    answers: Answers,
  ): Promise<void> {
    const { batch, table, signal } = call;
    const { addon } = this.#engine;
    try {
      await this.#engine.later(
        (arena) => packRerank(arena, batch, first, end),
        (slot) => addon.rerankAsync(table, slot, end - first),
        (arena) => readRerank(arena, batch, first, end, answers),
        signal,
      );
    } catch (error) {
      if (!isTooMuch(error) || end - first < 2) throw error;
      const middle = (first + end) >> 1;
      await this.#run(call, first, middle, answers);
      await this.#run(call, middle, end, answers);
    }
  }
}

/** Whether less at once may pass: memory of the arena, or of the device. */
function isTooMuch(error: unknown): boolean {
  if (error instanceof ArenaFull) return true;
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'out_of_memory';
}
