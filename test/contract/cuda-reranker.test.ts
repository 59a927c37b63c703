import { describe, it } from 'vitest';
import { openCudaOnDevice } from '../support/cuda-device.ts';
import { patient } from '../support/cuda-host.ts';
import { rerankerContract } from './reranker.contract.ts';

const parts = await openCudaOnDevice();
if ('reason' in parts)
  describe('cuda', () => {
    it.skipIf(true)(`is not here: ${parts.reason}`, () => {});
  });
else rerankerContract(`cuda (${parts.reranker.variant})`, () => patient(parts));
