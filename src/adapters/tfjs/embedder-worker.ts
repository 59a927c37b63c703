/** Worker thread of the built-in model: loads it, says so, then answers one batch at a time. */
import { parentPort } from 'node:worker_threads';
import { unitVector } from '../../std/unit-vector.ts';
import { SentenceEncoder } from './sentence-encoder.ts';
import { dimension } from './use-lite.ts';

/** To the worker: texts to embed. */
export interface EmbedderRequest {
  readonly texts: readonly string[];
}

/** From the worker: once when it is loaded, then one answer per request, in order; rows of unit length. */
export type EmbedderAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'vectors'; readonly vectors: Float32Array };

const port = parentPort;
if (port === null) throw new Error('embedder-worker runs in a worker thread only');

const encoder = await SentenceEncoder.load();
// The first run compiles kernels and allocates; a query should not pay for it.
await encoder.encode(['a first text']);

port.on('message', (request: EmbedderRequest) => {
  // A failure ends the worker: the parent sees it and starts a fresh one.
  encoder.encode(request.texts).then((vectors) => {
    const units = toUnits(vectors);
    port.postMessage({ kind: 'vectors', vectors: units } satisfies EmbedderAnswer, [
      units.buffer as ArrayBuffer,
    ]);
  });
});
port.postMessage({ kind: 'ready' } satisfies EmbedderAnswer);

function toUnits(vectors: Float32Array): Float32Array {
  for (let at = 0; at < vectors.length; at += dimension) {
    const unit = unitVector(vectors.subarray(at, at + dimension));
    if (unit === null) throw new Error('the model gave a vector without a direction');
    vectors.set(unit, at);
  }
  return vectors;
}
