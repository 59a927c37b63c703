import type { PathStep, Relationship } from '../domain/search-response.ts';
import type { IndexRequest, RecallRequest } from './recall.ts';

export interface GraphQuery extends RecallRequest {
  /** At most limits.likeIdsMax; unknown ids are ignored. */
  readonly seeds: readonly { readonly id: string; readonly weight: number }[];
}

export interface GraphHit {
  readonly id: string;
  /** 0..1: see docs/ranking.md, "graph". */
  readonly strength: number;
  /** The best path from a seed to the document. */
  readonly path: readonly PathStep[];
  /** As in Hit. */
  readonly row?: number;
}

/**
 * The whole support of the seeds (at most limits.graphSupportMax documents, best first, seeds excluded); a document
 * outside it has strength 0. The predicate is not applied here: `search` takes the passing ones as candidates.
 */
export interface GraphAnswer {
  readonly support: readonly GraphHit[];
}

export interface RelationsQuery extends IndexRequest {
  readonly ids: readonly string[];
  /** Relations of each id. */
  readonly limit: number;
}

export interface GraphStore {
  recall(query: GraphQuery): Promise<GraphAnswer>;
  /** Direct relations of each id (explicit and SIMILAR_TO), strongest first, at most `limit` each. */
  relationships(request: RelationsQuery): Promise<readonly (readonly Relationship[])[]>;
}
