import { describe, it } from 'vitest';
import { openCudaOnHost, patient } from '../support/cuda-host.ts';
import { rerankerContract } from './reranker.contract.ts';

const parts = await openCudaOnHost();
if ('reason' in parts)
  describe('cuda on the host', () => {
    it.skipIf(true)(`is not here: ${parts.reason}`, () => {});
  });
else rerankerContract(`cuda on the host (${parts.reranker.variant})`, () => patient(parts));
