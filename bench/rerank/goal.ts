import type { TableColumn, TableRow } from '../../src/std/table-lines.ts';
import { round } from '../measure.ts';

/** One line of what was promised, and what came of it. */
export interface Goal {
  /** `G1` .. `G12`, `aim`. */
  readonly id: string;
  readonly text: string;
  readonly needed: number;
  /** Whether `needed` is the least or the most that passes. */
  readonly bound: 'least' | 'most';
  readonly unit: 'x' | '%' | 'us' | 'ms' | 'count';
  /** null: not measured, `note` says why. */
  readonly measured: number | null;
  /** Share of what the machine can do at most, in percent; null where no limit is known or none applies. */
  readonly rooflinePercent: number | null;
  readonly note: string;
}

export type Verdict = 'pass' | 'MISS' | 'not measured';

export function verdictOf({ measured, needed, bound }: Goal): Verdict {
  if (measured === null || !Number.isFinite(measured)) return 'not measured';
  return (bound === 'least' ? measured >= needed : measured <= needed) ? 'pass' : 'MISS';
}

/** A row of the table of goals, as it is printed and recorded. */
export function goalRow(goal: Goal): TableRow {
  const { id, text, needed, bound, unit, measured, rooflinePercent, note } = goal;
  const verdict = verdictOf(goal);
  const roofline = rooflinePercent === null ? {} : { roofline_percent: Math.round(rooflinePercent) };
  return {
    goal: id,
    what: text,
    needed: `${bound === 'least' ? '>=' : '<='} ${amount(needed, unit)}`,
    measured: verdict === 'not measured' ? '-' : amount(measured!, unit),
    verdict,
    // For readers of the recorded JSON, such as the plots.
    needed_value: needed,
    ...(verdict === 'not measured' ? {} : { measured_value: round(measured!) }),
    bound,
    ...roofline,
    ...(note === '' ? {} : { note }),
  };
}

function amount(value: number, unit: Goal['unit']): string {
  const digits = Math.abs(value) < 10 ? Math.round(value * 100) / 100 : Math.round(value * 10) / 10;
  if (unit === 'count') return String(digits);
  return unit === 'x' ? `${digits}x` : `${digits} ${unit}`;
}

/** What a reader sees of the rows; the rest is for programs. */
export const goalColumns: readonly TableColumn[] = [
  { key: 'goal' },
  { key: 'what' },
  { key: 'needed' },
  { key: 'measured' },
  { key: 'verdict' },
  { key: 'roofline_percent', title: 'roofline', unit: '%' },
  { key: 'note' },
];
