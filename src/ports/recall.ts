import type { Predicate } from '../domain/predicate.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';

/** A predicate compiled on one epoch: the tree for stores with their own filter, the mask for those in process. */
export interface CompiledPredicate {
  readonly predicate: Predicate;
  /** One byte per row of the snapshot: 1 where the document passes and is live. */
  readonly mask: Uint8Array;
  readonly passing: number;
}

/** What every question to an index says. */
export interface IndexRequest {
  readonly tenant: string;
  /** The epoch that the answer is computed on; a store outside the process needs its generation alone. */
  readonly snapshot: TableSnapshot;
  /** What is left to the answer, milliseconds: for the clients and servers of stores outside the process. */
  readonly timeoutMs: number;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** What every recall leg is given. */
export interface RecallRequest extends IndexRequest {
  /** Pushed down: only documents that pass may be returned; null: no push-down. */
  readonly predicate: CompiledPredicate | null;
  /** Candidates wanted (L). */
  readonly limit: number;
}

export interface Hit {
  readonly id: string;
  /** The store's own score, higher is better; used for order only. */
  readonly score: number;
  /** The document's row in the request's snapshot, from an index that knows it: saves looking it up by id. */
  readonly row?: number;
}
