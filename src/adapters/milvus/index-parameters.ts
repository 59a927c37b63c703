import { limits } from '../../limits.ts';

/**
 * `gpu_cagra_cpu` is built on the GPU, then kept and searched as HNSW on processors, from Milvus 2.6.1 on; `flat` is exact
 * and slow: for tests.
 */
export const indexKinds = ['hnsw', 'gpu_cagra', 'gpu_cagra_cpu', 'flat'] as const;
export type IndexKind = (typeof indexKinds)[number];

export interface IndexParameters {
  readonly type: string;
  /** Vectors have unit length, so the inner product is the cosine; GPU indexes know no other name for it everywhere. */
  readonly metric: 'COSINE' | 'IP';
  readonly params: Readonly<Record<string, string | number>>;
}

/** What an index is built with. */
export function buildParameters(kind: IndexKind): IndexParameters {
  switch (kind) {
    case 'flat':
      return { type: 'FLAT', metric: 'COSINE', params: {} };
    case 'hnsw':
      return { type: 'HNSW', metric: 'COSINE', params: { M: 16, efConstruction: 200 } };
    case 'gpu_cagra':
    case 'gpu_cagra_cpu':
      return {
        type: 'GPU_CAGRA',
        metric: 'IP',
        params: {
          intermediate_graph_degree: 128,
          graph_degree: 64,
          build_algo: 'IVF_PQ',
          cache_dataset_on_device: kind === 'gpu_cagra' ? 'true' : 'false',
          // Servers before 2.6.1 do not know it, and need not: false is what they do.
          ...(kind === 'gpu_cagra' ? {} : { adapt_for_cpu: 'true' }),
        },
      };
  }
}

/** Neighbours that a search looks at: never fewer than it returns. */
const neighboursMin = 64;

/** @param top hits wanted for each vector, at most `topMax` of the index */
export function searchParameters(kind: IndexKind, top: number): Readonly<Record<string, number>> {
  const neighbours = Math.max(neighboursMin, top);
  switch (kind) {
    case 'flat':
      return {};
    case 'hnsw':
    case 'gpu_cagra_cpu':
      return { ef: neighbours };
    case 'gpu_cagra':
      // A search returns at most itopk_size, in steps of 32.
      return { itopk_size: Math.ceil(neighbours / 32) * 32, search_width: 4 };
  }
}

/** The most hits that one search can return for each vector. */
export function topMax(kind: IndexKind): number {
  return kind === 'gpu_cagra' ? limits.milvusCagraTopMax : limits.milvusTopMax;
}
