import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import type { VectorBlock } from './block.ts';
import { gemmModel } from './onnx-gemm.ts';

/** A library that computes the dot products of a contiguous block with a query, ready to be timed. */
export interface PreparedPeer {
  readonly name: string;
  /** One request: all dot products, on one thread. */
  readonly call: () => unknown;
  /** Dot products of the last call; null where the library answers with the nearest rows alone. */
  readonly dots: () => Float32Array | null;
  readonly close: () => unknown;
}

export interface Peer {
  readonly name: string;
  /** Everything that does not belong to a request: sessions, views, tensors that stay. */
  readonly prepare: (block: VectorBlock) => Promise<readonly PreparedPeer[]>;
}

export interface Peers {
  readonly loaded: readonly Peer[];
  /** Why others are left out, by name. */
  readonly missing: Readonly<Record<string, string>>;
}

const folder = join(process.cwd(), 'bench', 'peers');
const requirePeer = createRequire(join(folder, 'package.json'));
const requireOwn = createRequire(join(process.cwd(), 'package.json'));

const loaders: Readonly<Record<string, () => Peer | Promise<Peer>>> = {
  simsimd: loadSimsimd,
  usearch: loadUsearch,
  'onnxruntime-node': loadOnnxruntime,
  'tfjs-wasm': loadTfjs,
};

/** Loads what is installed; what does not load is left out and says why. */
export async function loadPeers(): Promise<Peers> {
  const loaded: Peer[] = [];
  const missing: Record<string, string> = {};
  for (const [name, load] of Object.entries(loaders)) {
    try {
      if (name !== 'tfjs-wasm' && !existsSync(join(folder, 'node_modules', name)))
        throw new Error('not installed; npm run bench:rerank installs it');
      loaded.push(await load());
    } catch (error) {
      missing[name] = error instanceof Error ? error.message.split('\n')[0]! : String(error);
    }
  }
  return { loaded, missing };
}

interface Simsimd {
  dot(a: Float32Array, b: Float32Array): number;
  cosine(a: Float32Array, b: Float32Array): number;
}

/** Compares pair by pair; views of the rows are made once. `dot` and `cosine` both run, the faster one counts. */
function loadSimsimd(): Peer {
  const { dot, cosine } = withoutFallback(() => requirePeer('simsimd') as Simsimd);
  return {
    name: 'simsimd',
    prepare: async ({ rows, dimension, values, query }) => {
      const views = viewsOf(values, rows, dimension);
      const out = new Float32Array(rows);
      const loop = (
        name: string,
        compare: Simsimd['dot'],
        toDot: (value: number) => number,
      ): PreparedPeer => ({
        name: `simsimd ${name}`,
        call: () => {
          for (let i = 0; i < rows; i++) out[i] = compare(views[i]!, query);
        },
        dots: () => out.map(toDot),
        close: () => {},
      });
      return [loop('dot', dot, (value) => value), loop('cosine', cosine, (value) => 1 - value)];
    },
  };
}

/** simsimd warns and answers with plain JavaScript where its binary does not load: that would be no peer. */
function withoutFallback<T>(load: () => T): T {
  const { warn } = console;
  let warning = '';
  console.warn = (text: unknown) => {
    warning = String(text);
  };
  try {
    const loaded = load();
    if (warning !== '') throw new Error(warning);
    return loaded;
  } finally {
    console.warn = warn;
  }
}

interface Usearch {
  exactSearch(
    dataset: Float32Array,
    queries: Float32Array,
    dimensions: number,
    count: number,
    metric: 'ip' | 'cos',
    threads: number,
  ): { readonly keys: BigUint64Array; readonly distances: Float32Array };
}

/** Exact search for the ten nearest: it selects too, which is part of what it does. */
function loadUsearch(): Peer {
  const { exactSearch } = requirePeer('usearch') as Usearch;
  return {
    name: 'usearch',
    prepare: async ({ rows, dimension, values, query }) => {
      const nearest = Math.min(10, rows);
      const search = (): ReturnType<Usearch['exactSearch']> =>
        exactSearch(values, query, dimension, nearest, 'ip', 1);
      if (search().keys.length !== nearest) throw new Error('usearch found too few rows');
      return [{ name: 'usearch exact k=10', call: search, dots: () => null, close: () => {} }];
    },
  };
}

interface OrtTensor {
  readonly data: Float32Array;
}
interface Onnxruntime {
  readonly InferenceSession: {
    create(
      model: Uint8Array,
      options: Readonly<Record<string, unknown>>,
    ): Promise<{
      run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Readonly<Record<string, OrtTensor>>>;
      release(): Promise<void>;
    }>;
  };
  readonly Tensor: new (type: 'float32', data: Float32Array, shape: readonly number[]) => OrtTensor;
}

function loadOnnxruntime(): Peer {
  const { InferenceSession, Tensor } = requirePeer('onnxruntime-node') as Onnxruntime;
  return {
    name: 'onnxruntime-node',
    prepare: async ({ rows, dimension, values, query }) => {
      const session = await InferenceSession.create(gemmModel(rows, dimension), {
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        graphOptimizationLevel: 'all',
        executionProviders: ['cpu'],
      });
      const feeds = {
        query: new Tensor('float32', query, [1, dimension]),
        block: new Tensor('float32', values, [rows, dimension]),
      };
      let answer: Readonly<Record<string, OrtTensor>> = {};
      return [
        {
          name: 'ORT Gemm transB',
          call: async () => {
            answer = await session.run(feeds);
          },
          dots: () => answer.y!.data,
          close: () => session.release(),
        },
      ];
    },
  };
}

interface TfTensor {
  dataSync(): Float32Array;
  dispose(): void;
}
interface TfCore {
  setBackend(name: 'wasm'): Promise<boolean>;
  tensor2d(values: Float32Array, shape: readonly [number, number]): TfTensor;
  matMul(a: TfTensor, b: TfTensor, transposeA?: boolean, transposeB?: boolean): TfTensor;
}

/** matMul over tensors that stay in the wasm heap; reading the answer is part of a request. */
async function loadTfjs(): Promise<Peer> {
  const tf = requireOwn('@tensorflow/tfjs-core') as TfCore;
  const wasm = requireOwn('@tensorflow/tfjs-backend-wasm') as { setWasmPaths(folder: string): void };
  wasm.setWasmPaths(dirname(requireOwn.resolve('@tensorflow/tfjs-backend-wasm')) + sep);
  if (!(await tf.setBackend('wasm'))) throw new Error('the wasm kernels did not start');
  return {
    name: 'tfjs-wasm',
    prepare: async ({ rows, dimension, values, query }) => {
      const block = tf.tensor2d(values, [rows, dimension]);
      const row = tf.tensor2d(query, [1, dimension]);
      const column = tf.tensor2d(query, [dimension, 1]);
      const multiply = (name: string, product: () => TfTensor): PreparedPeer => {
        let out = new Float32Array(0);
        return {
          name: `tfjs-wasm matMul ${name}`,
          call: () => {
            const answer = product();
            out = answer.dataSync() as Float32Array<ArrayBuffer>;
            answer.dispose();
          },
          dots: () => out,
          close: () => {},
        };
      };
      const prepared = [
        multiply('rows x query', () => tf.matMul(block, column)),
        multiply('query x rows^T', () => tf.matMul(row, block, false, true)),
      ];
      const close = (): void => {
        for (const tensor of [block, row, column]) tensor.dispose();
      };
      return [prepared[0]!, { ...prepared[1]!, close }];
    },
  };
}

function viewsOf(values: Float32Array, rows: number, dimension: number): Float32Array[] {
  return Array.from({ length: rows }, (_, row) => values.subarray(row * dimension, (row + 1) * dimension));
}
