import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { limits } from '../../limits.ts';
import { NativeEngine } from '../../native/engine.ts';
import { type AddonOptions, loadAddon } from '../../native/load.ts';
import { probeLibrary } from '../../native/probe.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Reranker } from '../../ports/reranker.ts';
import type { RowScanner } from '../../ports/row-scanner.ts';
import { CudaReranker } from './cuda-reranker.ts';
import { CudaRowScanner } from './cuda-row-scanner.ts';
import { DeviceTables } from './device-tables.ts';

/** Where `node cuda/build.mjs` puts the library: the same place seen from src/ and from dist/. */
const libraryPath = fileURLToPath(new URL('../../../build/cuda/libtriptych_cuda.so', import.meta.url));

export interface CudaOptions extends AddonOptions {
  /** Another library than the built one. */
  readonly library?: string;
  /** Ordinal of the device. */
  readonly device?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a GPU gives the service. Both parts read the same copies of tables. */
export interface CudaParts {
  readonly reranker: Reranker;
  /**
   * @param otherwise answers what the device cannot
   * @param bytesMin vectors of a table that is worth the way to the device
   */
  rowScanner(otherwise: RowScanner, bytesMin?: number): RowScanner;
  /** Resolves when what is on its way to the device has arrived, or failed. */
  settled(): Promise<void>;
}

/**
 * Opens a GPU, after a process of its own has opened it: its parts, or in one line why there are none. Never throws.
 */
export async function openCuda({
  library = libraryPath,
  device = 0,
  clock,
  logger,
  ...options
}: CudaOptions): Promise<CudaParts | { readonly reason: string }> {
  if (!existsSync(library)) return { reason: 'its library was not built (node cuda/build.mjs)' };
  const loaded = loadAddon(options);
  if ('reason' in loaded) return { reason: `it needs the native addon: ${loaded.reason}` };
  const variant = String(device);
  const probed = await probeLibrary({ library, variant, ...(options.path && { addon: options.path }) });
  if ('reason' in probed) return probed;
  try {
    const engine = new NativeEngine(loaded.addon, loaded.addon.backendOpen(library, variant));
    const tables = new DeviceTables(engine, { clock, logger });
    return {
      reranker: new CudaReranker(engine, tables),
      rowScanner: (otherwise, bytesMin = limits.deviceScanBytesMin) =>
        new CudaRowScanner(engine, tables, otherwise, bytesMin),
      settled: () => tables.settled(),
    };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}
