import type { SearchRequest } from './search-request.ts';
import type { Coverage } from './search-response.ts';
import type { Warning } from './warning.ts';

/** Documents that another system found, to be put in order for a query and whoever asks. */
export interface RelevanceRequest {
  /** What to score by; its k, cursor, like, filter and diversity have no part in it. */
  readonly search: SearchRequest;
  /** At most limits.windowMax; an id may stand there more than once. */
  readonly ids: readonly string[];
  readonly topN: number;
}

export interface RelevanceAnswer {
  /** Best first: place in `ids`, and the score within 0..1. Without what hard rules drop and what is not in the catalogue. */
  readonly results: readonly { readonly index: number; readonly relevance: number }[];
  readonly coverage: Coverage;
  readonly degraded: boolean;
  readonly warnings: readonly Warning[];
  readonly backend: string;
  readonly tookMs: number;
}
