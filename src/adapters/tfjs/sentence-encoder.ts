import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import { memory, ready, setBackend, type Tensor, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { limits } from '../../limits.ts';
import { readModelFiles, wasmFolder } from './model-files.ts';
import { stepsOf } from './token-steps.ts';
import { UnigramTokenizer } from './unigram-tokenizer.ts';
import { dimension, tokensMax } from './use-lite.ts';

/**
 * The Universal Sentence Encoder Lite on the wasm kernels. Computing blocks the thread, so it lives in a worker.
 */
export class SentenceEncoder {
  readonly #model: GraphModel;
  readonly #tokenizer: UnigramTokenizer;

  private constructor(model: GraphModel, tokenizer: UnigramTokenizer) {
    this.#model = model;
    this.#tokenizer = tokenizer;
  }

  static async load(): Promise<SentenceEncoder> {
    setWasmPaths(wasmFolder());
    if (!(await setBackend('wasm'))) throw new Error('the wasm kernels did not start');
    await ready();
    const { artifacts, vocabulary } = await readModelFiles();
    const model = await loadGraphModel({ load: async () => artifacts });
    return new SentenceEncoder(model, new UnigramTokenizer(vocabulary));
  }

  /**
   * One vector of length about 1 per text, row-major in one array. A text has the same vector, but for float noise,
   * alone and among others.
   */
  async encode(texts: readonly string[]): Promise<Float32Array> {
    const tokens = texts.map((text) => this.tokens(text));
    const vectors = new Float32Array(texts.length * dimension);
    for (const step of stepsOf(tokens.map(({ length }) => length))) {
      const rows = await this.#run(step.map((index) => tokens[index]!));
      step.forEach((index, row) => {
        vectors.set(rows.subarray(row * dimension, (row + 1) * dimension), index * dimension);
      });
    }
    return vectors;
  }

  /** The pieces that the model reads: the first `tokensMax` of the first limits.embedTextCharsMax characters. */
  tokens(text: string): number[] {
    return this.#tokenizer.encode(text.slice(0, limits.embedTextCharsMax)).slice(0, tokensMax);
  }

  /** Tensors alive: stays the same between calls. */
  get tensorCount(): number {
    return memory().numTensors;
  }

  async #run(rows: readonly (readonly number[])[]): Promise<Float32Array> {
    const values = rows.flat();
    const positions = rows.flatMap((row, index) => row.flatMap((_, position) => [index, position]));
    const inputs = {
      indices: tensor2d(positions, [values.length, 2], 'int32'),
      values: tensor1d(values, 'int32'),
    };
    let output: Tensor | undefined;
    try {
      output = (await this.#model.executeAsync(inputs)) as Tensor;
      return (await output.data()) as Float32Array;
    } finally {
      inputs.indices.dispose();
      inputs.values.dispose();
      output?.dispose();
    }
  }
}
