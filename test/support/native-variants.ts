import { describe, it } from 'vitest';
import { type NativeParts, nativeVariants, openNative } from '../../src/adapters/native/open-native.ts';

/** Runs a suite on every variant that this processor has, by its own name; the others say why they are skipped. */
export function eachNativeVariant(suite: (name: string, parts: NativeParts) => void): void {
  for (const variant of nativeVariants) {
    const parts = openNative({ variant });
    if ('reason' in parts)
      describe(`native ${variant}`, () => {
        it.skipIf(true)(`is not here: ${parts.reason}`, () => {});
      });
    // What `auto` is has a suite of its own.
    else if (variant !== 'auto') suite(`native ${variant}`, parts);
  }
}
