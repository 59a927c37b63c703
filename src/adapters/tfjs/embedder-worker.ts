/** Worker thread of the built-in model: loads it, says so, then answers one batch at a time. */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { unitVector } from '../../std/unit-vector.ts';
import { SentenceEncoder } from './sentence-encoder.ts';
import { dimension } from './use-lite.ts';

/** To the worker: texts to embed. */
export interface EmbedderRequest {
  readonly texts: readonly string[];
}

/**
 * From the worker: once when it is loaded, then the rows of unit length of a request in one or more parts, so that a
 * short text does not wait for the long ones beside it.
 */
export type EmbedderAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'vectors'; readonly rows: readonly number[]; readonly vectors: Float32Array };

const port = parentPort;
if (port === null) throw new Error('embedder-worker runs in a worker thread only');

const encoder = await SentenceEncoder.load();
// The first run compiles kernels and allocates; a query should not pay for it.
await encoder.encode(['a first text']);

// A failure ends the worker, as an unhandled rejection: the parent sees it and starts a fresh one.
port.on('message', (request: EmbedderRequest) => void answer(request, port));
port.postMessage({ kind: 'ready' } satisfies EmbedderAnswer);

async function answer({ texts }: EmbedderRequest, to: MessagePort): Promise<void> {
  for await (const { rows, vectors } of encoder.steps(texts)) {
    const units = toUnits(vectors);
    const message: EmbedderAnswer = { kind: 'vectors', rows, vectors: units };
    to.postMessage(message, [units.buffer as ArrayBuffer]);
  }
}

function toUnits(vectors: Float32Array): Float32Array {
  for (let at = 0; at < vectors.length; at += dimension) {
    const unit = unitVector(vectors.subarray(at, at + dimension));
    if (unit === null) throw new Error('the model gave a vector without a direction');
    vectors.set(unit, at);
  }
  return vectors;
}
