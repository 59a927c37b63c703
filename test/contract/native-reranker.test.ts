import { describe, it } from 'vitest';
import { nativeVariants, openNative } from '../../src/adapters/native/open-native.ts';
import { rerankerContract } from './reranker.contract.ts';

for (const variant of nativeVariants) {
  const parts = openNative({ variant });
  if ('reason' in parts)
    describe(`native ${variant}`, () => {
      it.skipIf(true)(`is not here: ${parts.reason}`, () => {});
    });
  else rerankerContract(`native ${variant} (${parts.variant})`, () => parts.reranker);
}
