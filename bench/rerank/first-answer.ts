import { setTimeout } from 'node:timers/promises';
import type { RerankAnswer, RerankBatch, Reranker } from '../../src/ports/reranker.ts';

/** A copy of the table takes far less than these together. */
const arrivalPauseMs = 20;
const arrivalTriesMax = 1_000;

/** The first answer over a table: a device refuses batches until its copy has arrived. */
export async function firstAnswer(reranker: Reranker, batch: RerankBatch): Promise<RerankAnswer> {
  for (let tries = 1; ; tries++) {
    try {
      return await reranker.rerank(batch);
    } catch (error) {
      if (!(error instanceof RangeError) || tries === arrivalTriesMax) throw error;
      await setTimeout(arrivalPauseMs);
    }
  }
}
