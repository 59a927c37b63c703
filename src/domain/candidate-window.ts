import { limits } from '../limits.ts';
import { SparseNumbers } from '../std/sparse-numbers.ts';
import { type RecallLeg, recallLegs } from './signal.ts';

/** Candidates of one leg, best first. */
export interface LegList {
  readonly leg: RecallLeg | 'policy';
  /** Rows of the resident table, without repetition. */
  readonly rows: readonly number[];
}

/** The union of the legs' candidates, all of which get scored. */
export interface CandidateWindow {
  readonly rows: Uint32Array;
  /** Per candidate, a bit for each leg that brought it: bit i = recallLegs[i], bit 3 = policy. */
  readonly sources: Uint8Array;
}

const sourceNames = [...recallLegs, 'policy'] as const;

/** Place in the window by row; used within one call only. */
const positions = new SparseNumbers();

/**
 * Takes the lists rank by rank (every leg's first, then every leg's second, ...), so that where the union is larger
 * than windowMax each leg loses its tail alone. The order in the window has no influence on any score.
 * @param pinned rows that come first, whatever else there is
 */
export function uniteCandidates(
  lists: readonly LegList[],
  windowMax: number = limits.windowMax,
  pinned: readonly number[] = [],
): CandidateWindow {
  positions.clear();
  const rows: number[] = [];
  const sources: number[] = [];
  const add = (row: number, leg: LegList['leg']): void => {
    const bit = 1 << sourceNames.indexOf(leg);
    const position = positions.get(row, -1);
    if (position >= 0) sources[position]! |= bit;
    else if (rows.length < windowMax) {
      positions.set(row, rows.length);
      rows.push(row);
      sources.push(bit);
    }
  };
  for (const row of pinned) add(row, 'policy');
  const depth = Math.max(0, ...lists.map((list) => list.rows.length));
  for (let rank = 0; rank < depth; rank++)
    for (const list of lists) {
      const row = list.rows[rank];
      if (row !== undefined) add(row, list.leg);
    }
  return { rows: new Uint32Array(rows), sources: new Uint8Array(sources) };
}

/** The legs of a candidate's source bits, in the order of the wire. */
export function sourcesOf(bits: number): (RecallLeg | 'policy')[] {
  return sourceNames.filter((_, index) => (bits & (1 << index)) !== 0);
}
