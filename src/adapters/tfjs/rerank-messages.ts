/** What crosses between the thread that serves and the one that computes. Buffers move, they are not copied. */

/** Which kernels compute: WebAssembly, TensorFlow on the CPU, TensorFlow on a GPU. */
export const tfjsKinds = ['tfjs-wasm', 'tfjs-node', 'tfjs-gpu'] as const;
export type TfjsKind = (typeof tfjsKinds)[number];

/** Signals that come with the candidates, in the order of the columns of a ScoreOrder. */
export const graphColumns = [
  'lexical',
  'graph',
  'fused',
  'preference',
  'popularity',
  'recency',
  'rules',
] as const;

/** Components that one dot product in f32 adds up: with 1,024, scores were off by up to 2.2e-6, more than they may be. */
const componentsPerDot = 256;

/**
 * A cosine is the sum of dot products over a part of the components each, which divides the rounding errors. Four parts
 * at least: matrix products have 8 columns anyway. Both vectors have each part: query, taste, query, taste, ...
 */
export function partialDotsOf(dimension: number): number {
  return 2 * Math.max(4, Math.ceil(dimension / componentsPerDot));
}

/** How one request scores: numbers by which the graph is built. */
export interface GraphRequest {
  /** Multiplicative: similarity times the column `preference`, which then holds the clamped product. */
  readonly multiplies: boolean;
  /** similarity = clamp01((cosine - lo) * scale) */
  readonly lo: number;
  readonly scale: number;
  /** Weights of the similarities to the query and to the taste; 0 where there is no vector. */
  readonly similarityWeights: readonly [number, number];
  /** One weight per column. */
  readonly columnWeights: readonly number[];
}

/** Candidates of one request that are in one place: a chunk of the resident table, or `carried` (chunk -1). */
export interface RowGroup {
  readonly request: number;
  readonly chunk: number;
  readonly count: number;
}

/** To the worker: candidates to score, group after group. Answered with one score each, in that order. */
export interface ScoreOrder {
  readonly kind: 'score';
  readonly table: number;
  readonly dimension: number;
  readonly requests: readonly GraphRequest[];
  readonly groups: readonly RowGroup[];
  /** Per candidate: its row within its chunk; 0 for those that are carried. */
  readonly rows: Int32Array;
  /** The vectors of the carried candidates, row-major, in their order. */
  readonly carried: Float32Array;
  /**
   * Per request: dimension x partialDotsOf(dimension), row-major: in each column the components of its part, zeros
   * elsewhere and where there is no vector.
   */
  readonly vectors: Float32Array;
  /** Candidates x graphColumns, row-major; 0 where a signal is absent. */
  readonly columns: Float32Array;
}

/** To the worker: the rows from `firstRow` on of a table that will have `rowCount` of them. Sent in order, without gaps. */
export interface FillOrder {
  readonly kind: 'fill';
  readonly table: number;
  readonly dimension: number;
  readonly firstRow: number;
  readonly rowCount: number;
  readonly values: Float32Array;
}

/** To the worker: rows that have other vectors now. */
export interface UpdateOrder {
  readonly kind: 'update';
  readonly table: number;
  readonly rows: Int32Array;
  readonly values: Float32Array;
}

/** To the worker: a table that no request will read any more. */
export interface DropOrder {
  readonly kind: 'drop';
  readonly table: number;
}

export type RerankOrder = ScoreOrder | FillOrder | UpdateOrder | DropOrder;

/** From the worker: once that it is ready, or why it never will be; then the scores of each ScoreOrder. */
export type RerankReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'absent'; readonly reason: string }
  | {
      readonly kind: 'scores';
      readonly scores: Float32Array;
      /** Tensors alive behind it: those of the resident tables alone. */
      readonly tensorCount: number;
    };

/** What the worker thread is started with. */
export interface RerankWorkerData {
  readonly kind: TfjsKind;
  /** Folder with node_modules in which the tfjs-node packages are looked for; null: where this package finds its own. */
  readonly folder: string | null;
}
