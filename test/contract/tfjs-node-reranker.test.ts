import { it } from 'vitest';
import { openTfjsReranker } from '../../src/adapters/tfjs/open-tfjs-reranker.ts';
import type { TfjsKind } from '../../src/adapters/tfjs/rerank-messages.ts';
import { rerankerContract } from './reranker.contract.ts';

// Runs where `npm run build:tfjs-node` was run.
await contractWherePresent('tfjs-node');
await contractWherePresent('tfjs-gpu');

async function contractWherePresent(kind: TfjsKind): Promise<void> {
  const { reranker, reason } = await openTfjsReranker(kind);
  if (reranker !== null) {
    rerankerContract(kind, () => reranker);
    return;
  }
  process.stderr.write(`skipped: the Reranker contract of ${kind}: ${reason}\n`);
  it(`Reranker contract: ${kind}`, (context) => context.skip(reason));
}
