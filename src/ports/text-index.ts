import type { WordCounts } from '../domain/text/given-texts.ts';
import type { Hit, IndexRequest, RecallRequest } from './recall.ts';

export interface TextQuery extends RecallRequest {
  readonly text: string;
}

/** The query analysed once, on one epoch: the recalled list and a scorer for any other document. */
export interface TextAnswer {
  /** Best documents by BM25, score descending, then id by UTF-8 bytes; only documents with a score > 0. */
  readonly hits: readonly Hit[];
  /** Where the index has read them all: every document with a score > 0, in the same order, `hits` first. */
  readonly all?: readonly Hit[];
  /**
   * BM25 of each id, 0 where no term matches or the document is unknown; the same number `hits` shows.
   * @param rows the ids' rows in the query's snapshot, where they are known: saves an index in process the lookup
   * @param timeoutMs what is left to this answer; what was left to the query unless given
   */
  score(ids: readonly string[], rows?: Uint32Array, timeoutMs?: number): Promise<Float64Array>;
}

/** Terms whose worth in the catalogue is asked for. */
export interface TermsRequest extends IndexRequest {
  /** Stems, at most limits.textQueryTermsMax. */
  readonly terms: readonly string[];
}

/** Word search with typo tolerance for terms that the catalogue does not know. */
export interface TextIndex {
  search(query: TextQuery): Promise<TextAnswer>;
  /** What the terms are worth, for texts that are not in the index; an index that cannot tell leaves it out. */
  counts?(request: TermsRequest): Promise<WordCounts>;
}
