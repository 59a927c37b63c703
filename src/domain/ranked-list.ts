import { createHash } from 'node:crypto';
import type { SearchPlan } from './plan.ts';
import type { VectorOrigin } from './reasons.ts';
import type { RuleSource } from './rule.ts';
import type { Coverage, PathStep, SearchResponse } from './search-response.ts';
import type { Warning } from './warning.ts';

/**
 * The one list that every page of a search is cut from, best first, and what is known about how it came about. Arrays
 * have one entry per rank; signals and contributions have signalCount.
 */
export interface RankedList {
  /** What cursors name it by. */
  readonly id: string;
  readonly ids: readonly string[];
  readonly scores: Float32Array;
  readonly signals: Float64Array;
  readonly contributions: Float64Array;
  /** Bits of candidate-window.ts. */
  readonly sources: Uint8Array;
  /** Ranks from 1 by score alone and after diversity. */
  readonly fusedRanks: Uint32Array;
  readonly diverseRanks: Uint32Array;
  /** The best path from a seed; null where the graph did not reach it. */
  readonly paths: readonly (readonly PathStep[] | null)[];
  /** Whose pin holds the document in its place; null: none. */
  readonly pinnedBy: readonly (RuleSource | null)[];
  readonly vectorOrigin: VectorOrigin;
  readonly coverage: Coverage;
  readonly degraded: boolean;
  readonly warnings: readonly Warning[];
  readonly total: SearchResponse['total'];
  readonly plan: SearchPlan;
  readonly backend: string;
  /** Wall clock that ages were counted from, milliseconds since 1970. */
  readonly nowMs: number;
  /** Monotonic milliseconds of its making, for its age within this process. */
  readonly madeAtMs: number;
  readonly digest: string;
}

/** 64 bits over ids and score bits, in hex: equal digests mean equal pages. */
export function listDigest(ids: readonly string[], scores: Float32Array): string {
  const hash = createHash('sha256');
  for (const id of ids) hash.update(`${id}\0`);
  hash.update(new Uint8Array(scores.buffer, scores.byteOffset, scores.byteLength));
  return hash.digest('hex').slice(0, 16);
}
