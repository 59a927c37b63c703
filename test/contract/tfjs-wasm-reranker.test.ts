import { openTfjsReranker } from '../../src/adapters/tfjs/open-tfjs-reranker.ts';
import { rerankerContract } from './reranker.contract.ts';

rerankerContract('tfjs-wasm', async () => {
  const { reranker, reason } = await openTfjsReranker('tfjs-wasm');
  if (reranker === null) throw new Error(reason);
  return reranker;
});
