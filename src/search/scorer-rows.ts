import type { BatchRows } from '../domain/batch-rows.ts';
import type { CandidateWindow } from '../domain/candidate-window.ts';
import { compileMask } from '../domain/mask-compiler.ts';
import { type MaskProgram, namesRows } from '../domain/mask-program.ts';
import { transientBlock } from '../domain/transient-block.ts';
import type { Recalled } from './recall.ts';
import type { SearchContext } from './search-context.ts';

/** Candidates whose vectors are here, and their places in the window that they were taken from. */
export interface ReadableWindow {
  readonly window: CandidateWindow;
  readonly places: Uint32Array | null;
  /** Whether there were candidates that pass, and none of them could be read. */
  readonly isLost: boolean;
}

/**
 * Reads what scoring needs of candidates that are not resident, in one question to the truth. Those that it does not give
 * in time are left out; coverage.documents says so.
 * @param always rows that are scored although a hard rule drops them
 */
export async function readableWindow(
  context: SearchContext,
  recalled: Pick<Recalled, 'queryVector'>,
  candidates: CandidateWindow,
  endMs: number,
  always: readonly number[] = [],
): Promise<ReadableWindow> {
  const { vectors, conditions, asker, diversity, parts } = context;
  const unasked = recalled.queryVector === null && asker?.taste == null && diversity === 0;
  const whole = { window: candidates, places: null, isLost: false };
  if (!vectors.isPartial || unasked) return whole;
  const isNeeded = (row: number): boolean =>
    conditions === null || conditions.mask[row] === 1 || always.includes(row);
  const needed = Array.from(candidates.rows).filter(isNeeded);
  const startMs = parts.clock.nowMs();
  await vectors.read(needed, endMs);
  context.stages.documents = (context.stages.documents ?? 0) + parts.clock.nowMs() - startMs;
  const here = needed.filter((row) => vectors.isHere(row)).length;
  if (here === needed.length) return whole;
  const places = Uint32Array.from(candidates.rows.keys()).filter((place) => {
    const row = candidates.rows[place]!;
    return vectors.isHere(row) || !isNeeded(row);
  });
  return {
    window: {
      rows: places.map((place) => candidates.rows[place]!),
      sources: Uint8Array.from(places, (place) => candidates.sources[place]!),
    },
    places,
    isLost: here === 0,
  };
}

/** A window as scorers read it: rows by number within the blocks, and the hard rules by the same numbers. */
export interface ScorerRows extends BatchRows {
  readonly rows: Uint32Array;
  readonly mask: MaskProgram | null;
}

/** Puts candidates that are not resident into a transient block of the window's own. */
export function scorerRows(context: SearchContext, rows: Uint32Array): ScorerRows {
  const { snapshot, conditions, vectors } = context;
  const table = snapshot.resident;
  const mask = conditions?.program ?? null;
  if (table === snapshot || rows.every((row) => vectors.isResident(row)))
    return { table, transient: null, rows, mask };
  const numbers = new Map<number, number>();
  for (const row of rows)
    if (!vectors.isResident(row) && !numbers.has(row)) numbers.set(row, table.rowCount + numbers.size);
  const numberOf = (row: number): number => (vectors.isResident(row) ? row : (numbers.get(row) ?? -1));
  return {
    table,
    transient: transientBlock(snapshot, [...numbers.keys()], (row) => vectors.readOf(row)),
    rows: rows.map(numberOf),
    mask:
      mask === null || !namesRows(mask)
        ? mask
        : compileMask(conditions!.predicates, snapshot, (id) => numberOf(snapshot.rowOf(id))),
  };
}
