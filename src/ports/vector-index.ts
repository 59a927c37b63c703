import type { Hit, RecallRequest } from './recall.ts';

export interface VectorQuery extends RecallRequest {
  /** One or more unit vectors; each gets its own list. */
  readonly vectors: readonly Float32Array[];
}

/** Nearest documents by cosine. Order: score descending, then id by UTF-8 bytes. */
export interface VectorIndex {
  search(query: VectorQuery): Promise<readonly (readonly Hit[])[]>;
}
