import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { wasmFolder } from './model-files.ts';
import type { TfjsKind } from './rerank-messages.ts';

/** The operations, on whichever kernels were loaded. */
export type Tfjs = typeof import('@tensorflow/tfjs-core');

/** The kernels cannot be used here; the message says why in one line. */
export class KernelsAbsent extends Error {}

/** Where `npm run build:tfjs-node` puts the packages, unless told otherwise. */
export const builtFolder: string = fileURLToPath(new URL('../../../.tfjs-node/', import.meta.url));

const packages = { 'tfjs-node': '@tensorflow/tfjs-node', 'tfjs-gpu': '@tensorflow/tfjs-node-gpu' } as const;

/**
 * Loads the kernels into this thread; once it is done they are the ones that compute.
 * @param folder see RerankWorkerData
 * @throws KernelsAbsent with the reason
 */
export async function loadKernels(kind: TfjsKind, folder: string | null): Promise<Tfjs> {
  if (kind !== 'tfjs-wasm') return loadNodeKernels(kind, folder);
  const tfjs = await import('@tensorflow/tfjs-core');
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  setWasmPaths(wasmFolder());
  if (!(await tfjs.setBackend('wasm'))) throw new KernelsAbsent('the wasm kernels did not start');
  await tfjs.ready();
  return tfjs;
}

async function loadNodeKernels(kind: 'tfjs-node' | 'tfjs-gpu', folder: string | null): Promise<Tfjs> {
  const name = packages[kind];
  const found = findPackage(name, folder);
  if (found === null) throw new KernelsAbsent(`${name} is not installed`);
  restoreRemoved();
  let tfjs: Tfjs;
  try {
    tfjs = found.require(name) as Tfjs;
  } catch (error) {
    // Its own message for this has several lines, of which the first is a path.
    const built = !String(error).includes('native addon module');
    throw new KernelsAbsent(
      built
        ? `${name} does not load: ${firstLine(error)}`
        : `${name} is there, its native module is not built`,
    );
  }
  await tfjs.ready();
  if (tfjs.getBackend() !== 'tensorflow') throw new KernelsAbsent(`${name} did not start TensorFlow`);
  const backend = tfjs.backend() as { readonly isUsingGpuDevice?: boolean };
  if (kind === 'tfjs-gpu' && backend.isUsingGpuDevice !== true)
    throw new KernelsAbsent(`${name} found no GPU that its TensorFlow can use`);
  return tfjs;
}

/** A `require` that finds the package: in the folder that was named, else beside this package, else where it was built. */
function findPackage(name: string, folder: string | null): { readonly require: NodeJS.Require } | null {
  const starts =
    folder === null
      ? [import.meta.url, path.join(builtFolder, 'package.json')]
      : [path.resolve(folder, 'package.json')];
  for (const start of starts) {
    const require = createRequire(start);
    try {
      require.resolve(name);
      return { require };
    } catch {
      // Not there: the next place.
    }
  }
  return null;
}

/**
 * Node 23 took these out of `util`; tfjs-node 4.22, the last release, calls them (the fix was merged and never
 * released).
 */
export function restoreRemoved(): void {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.trim().split('\n')[0]!.trim();
}
