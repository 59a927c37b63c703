import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { endianness } from 'node:os';
import { fileURLToPath } from 'node:url';
import { limits } from '../limits.ts';
import type { NativeAddon } from './addon.ts';
import { abiVersion, layout } from './arena-layout.ts';

/** Where `npm run build:native` puts the addon: the same place seen from src/ and from dist/. */
export const addonPath = fileURLToPath(new URL('../../build/Release/triptych.node', import.meta.url));

export interface AddonOptions {
  /** Another file than the built one. */
  readonly path?: string;
  /** Threads of the pool, fixed by whoever loads the addon first in a process; 0: the processors of its quota, less one. */
  readonly threads?: number;
}

/** The addon, or why there is none: whatever goes wrong, `js` serves. */
export type LoadedAddon = { readonly addon: NativeAddon } | { readonly reason: string };

/** Loads the addon and compares versions. It is loaded once per thread of JavaScript, however often this is called. */
export function loadAddon({ path = addonPath, threads = 0 }: AddonOptions = {}): LoadedAddon {
  if (endianness() !== 'LE') return { reason: 'the processor is big-endian' };
  if (!existsSync(path)) return { reason: 'it was not built (npm run build:native)' };
  try {
    const addon = createRequire(import.meta.url)(path) as NativeAddon;
    const versions = addon.start({ threads, queueMax: limits.nativeQueueMax });
    if (versions.abiVersion !== abiVersion || versions.layoutVersion !== layout.version)
      return { reason: 'it was built from other sources (npm run build:native)' };
    return { addon };
  } catch (error) {
    return { reason: `it cannot be loaded: ${error instanceof Error ? error.message : String(error)}` };
  }
}
