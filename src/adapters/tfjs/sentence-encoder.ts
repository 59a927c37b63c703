import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import { memory, ready, setBackend, type Tensor, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { limits } from '../../limits.ts';
import { readModelFiles, wasmFolder } from './model-files.ts';
import { stepsOf } from './token-steps.ts';
import { UnigramTokenizer } from './unigram-tokenizer.ts';
import { dimension, tokensMax } from './use-lite.ts';

/** Some texts of a call, computed together. */
export interface EncodedStep {
  /** Which texts: indices into the call's. */
  readonly rows: readonly number[];
  /** Their vectors, row-major, in the order of `rows`. */
  readonly vectors: Float32Array;
}

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

  /** The vectors of all texts, row-major in one array. */
  async encode(texts: readonly string[]): Promise<Float32Array> {
    const vectors = new Float32Array(texts.length * dimension);
    for await (const step of this.steps(texts))
      step.rows.forEach((row, index) => {
        vectors.set(step.vectors.subarray(index * dimension, (index + 1) * dimension), row * dimension);
      });
    return vectors;
  }

  /**
   * Computes step by step, short texts first. A text has the same vector, of length about 1, but for float noise, alone
   * and among others.
   */
  async *steps(texts: readonly string[]): AsyncGenerator<EncodedStep> {
    const tokens = texts.map((text) => this.tokens(text));
    for (const rows of stepsOf(tokens.map(({ length }) => length)))
      yield { rows, vectors: await this.#run(rows.map((row) => tokens[row]!)) };
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
