/** Turns texts into unit vectors of one embedding space. */
export interface Embedder {
  /** Name of the space; must equal the catalogue schema's `embedding.model`. */
  readonly model: string;
  readonly dimension: number;
  /**
   * One unit vector per text, in order.
   * @throws TriptychError embedder_unavailable | overloaded
   */
  embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]>;
  /** `embed` for texts that are asked for once, which a cache need not keep; `embed` will do where it is missing. */
  embedDocuments?(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]>;
  /** Resolves when the first query would not wait for loading. */
  ready(): Promise<void>;
  close(): Promise<void>;
}
