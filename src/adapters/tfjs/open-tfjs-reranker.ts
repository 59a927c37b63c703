import { Worker } from 'node:worker_threads';
import { workerUrl } from '../../std/worker-url.ts';
import type { RerankWorkerData, TfjsKind } from './rerank-messages.ts';
import { TfjsReranker } from './tfjs-reranker.ts';

/** A backend that is ready, or why there is none, in one line. */
export type OpenedTfjsReranker =
  | { readonly reranker: TfjsReranker; readonly reason: null }
  | { readonly reranker: null; readonly reason: string };

/**
 * Loads the kernels in a worker thread. `tfjs-wasm` is always there; `tfjs-node` and `tfjs-gpu` need a package that is
 * installed beside this one, or built by `npm run build:tfjs-node`.
 * @param folder with node_modules to look in for that package instead; null: the usual places
 */
export async function openTfjsReranker(
  kind: TfjsKind,
  folder: string | null = null,
): Promise<OpenedTfjsReranker> {
  const reranker = new TfjsReranker(kind, () => startRerankWorker({ kind, folder }));
  try {
    await reranker.ready();
    return { reranker, reason: null };
  } catch (error) {
    await reranker.close();
    return { reranker: null, reason: error instanceof Error ? error.message : String(error) };
  }
}

export function startRerankWorker(data: RerankWorkerData): Worker {
  // TensorFlow reads the environment of the process, not that of the thread, and tells a lot at its start.
  if (data.kind !== 'tfjs-wasm') process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
  // stdout is for data: whatever the kernels print there is dropped.
  const worker = new Worker(workerUrl(import.meta.url, './rerank-worker.js'), {
    workerData: data,
    stdout: true,
  });
  worker.stdout.resume();
  return worker;
}
