import { statSync } from 'node:fs';
import type { RowMemory } from '../../domain/row-memory.ts';
import type { NativeStats } from '../../native/addon.ts';
import { NativeEngine } from '../../native/engine.ts';
import { type AddonOptions, addonPath, loadAddon } from '../../native/load.ts';
import type { ExactScorer } from '../../ports/exact-scorer.ts';
import type { Reranker } from '../../ports/reranker.ts';
import type { RowScanner } from '../../ports/row-scanner.ts';
import { NativeExactScorer } from './native-exact-scorer.ts';
import { NativeReranker } from './native-reranker.ts';
import { NativeRowScanner } from './native-row-scanner.ts';

/** Kernels that the library has; `auto` is the fastest that the processor runs. */
export const nativeVariants = ['auto', 'baseline', 'avx2', 'avx512', 'neon'] as const;
export type NativeVariant = (typeof nativeVariants)[number];

export interface NativeOptions extends AddonOptions {
  readonly variant?: NativeVariant;
}

/** What the addon gives the service. All parts work on one engine and share its slots. */
export interface NativeParts {
  /** What runs: `avx2`. */
  readonly variant: string;
  readonly reranker: Reranker;
  readonly exactScorer: ExactScorer;
  readonly rowScanner: RowScanner;
  /** For the columns of resident tables: aligned, in huge pages, read by kernels where it lies. */
  readonly rowMemory: RowMemory;
  stats(): NativeStats;
}

/** Opens the addon: its parts, or in one line why there are none. Never throws; `js` serves then. */
export function openNative({
  variant = 'auto',
  ...options
}: NativeOptions = {}): NativeParts | { readonly reason: string } {
  const loaded = loadAddon(options);
  if ('reason' in loaded) return loaded;
  const { addon } = loaded;
  try {
    const engine = new NativeEngine(addon, addon.backendOpen('', variant));
    return {
      variant: engine.backend.variant,
      reranker: new NativeReranker(engine),
      exactScorer: new NativeExactScorer(engine),
      rowScanner: new NativeRowScanner(engine),
      rowMemory: (bytes) => addon.allocate(bytes),
      stats: () => addon.stats(),
    };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Tells one build of the addon from the next; empty where there is none. */
export function nativeBuild(path = addonPath): string {
  const file = statSync(path, { throwIfNoEntry: false });
  return file === undefined ? '' : `addon of ${file.size} bytes, ${file.mtime.toISOString()}`;
}
