import type { SearchRequest } from './search-request.ts';
import type { Coverage, DropReason } from './search-response.ts';
import type { Warning } from './warning.ts';

/** Documents that another system found, to be put in order for a query and whoever asks. */
export interface RelevanceRequest {
  /** What to score by; its k, cursor, like, filter and diversity have no part in it. */
  readonly search: SearchRequest;
  /** At most limits.windowMax; an id may stand there more than once. */
  readonly ids: readonly string[];
  readonly topN: number;
}

/** Texts that are in no catalogue, to be put in order for a query. */
export interface TextRelevanceRequest {
  readonly query: string;
  /** At most limits.windowMax. */
  readonly texts: readonly string[];
  /** UTF-16 units of each text that are read. */
  readonly textCharsMax: number;
  readonly topN: number;
  /** Its weights of similarity and words count. */
  readonly profile: string;
  readonly timeoutMs: number;
  /** false: an incomplete answer is an error (504) instead. */
  readonly partial: boolean;
}

/** Best first: place in what was given, and the score within 0..1. */
export interface RelevanceResult {
  readonly index: number;
  readonly relevance: number;
}

/** A given document that hard rules leave out. */
export interface DroppedDocument {
  /** Place in `ids`. */
  readonly index: number;
  readonly droppedBy: readonly DropReason[];
}

interface Relevances {
  readonly results: readonly RelevanceResult[];
  readonly coverage: Coverage;
  readonly degraded: boolean;
  readonly warnings: readonly Warning[];
  readonly backend: string;
  readonly tookMs: number;
}

export interface RelevanceAnswer extends Relevances {
  /** What hard rules left out of `results`, in the order of `ids`; the first limits.rerankDroppedMax. */
  readonly dropped: readonly DroppedDocument[];
  readonly droppedCount: number;
}

export interface TextRelevanceAnswer extends Relevances {
  /** Words of the query and of the texts, as far as they were read. */
  readonly words: number;
}
