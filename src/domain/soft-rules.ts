import { float32sOf } from '../std/mapped.ts';
import type { SoftRule } from './rule.ts';
import { clampRules } from './scoring.ts';
import type { TableSnapshot } from './table-snapshot.ts';

/** A soft rule that applies to a document. */
export interface AppliedSoftRule {
  /** Position among the rules that were given. */
  readonly index: number;
  /** What it adds to the score: positive for a boost, negative for a bury. */
  readonly by: number;
}

/**
 * The signal `rules` of each row: the sum of the rules that apply to it, added in their order and clamped to -0.5..0.5.
 * A rule applies once, however many of its values a document has.
 * @returns one f32 per row; 0 where no rule applies, all NaN where there are no rules
 */
export function softRulesColumn(
  rules: readonly SoftRule[],
  table: TableSnapshot,
  rows: Uint32Array,
): Float32Array {
  if (rules.length === 0) return new Float32Array(rows.length).fill(Number.NaN);
  const rulesOf = rulesByCode(rules, table);
  const applies = new Uint8Array(rules.length);
  const by = Float64Array.from(rules, signed);
  return float32sOf(rows, (row) => {
    if (!mark(applies, rulesOf, table, row)) return 0;
    let sum = 0;
    for (let index = 0; index < by.length; index++) if (applies[index] === 1) sum += by[index]!;
    applies.fill(0);
    return clampRules(sum);
  });
}

/** The rules that apply to one row, in their order; their sum before it is clamped may be beyond 0.5. */
export function softRulesOf(
  rules: readonly SoftRule[],
  table: TableSnapshot,
  row: number,
): readonly AppliedSoftRule[] {
  const applies = new Uint8Array(rules.length);
  mark(applies, rulesByCode(rules, table), table, row);
  return rules.flatMap((rule, index) => (applies[index] === 1 ? [{ index, by: signed(rule) }] : []));
}

function signed({ kind, by }: SoftRule): number {
  return kind === 'boost' ? by : -by;
}

/** Which rules a facet value is one of; values that no document has are left out. */
function rulesByCode(
  rules: readonly SoftRule[],
  { dictionary }: TableSnapshot,
): ReadonlyMap<number, readonly number[]> {
  const byCode = new Map<number, number[]>();
  rules.forEach(({ facet, values }, index) => {
    for (const value of values) {
      const code = dictionary.codeOf(facet, value);
      if (code < 0) continue;
      const known = byCode.get(code);
      if (known === undefined) byCode.set(code, [index]);
      else known.push(index);
    }
  });
  return byCode;
}

/** Sets the places of the rules that apply to a row to 1; whether there are any. */
function mark(
  applies: Uint8Array,
  rulesOf: ReadonlyMap<number, readonly number[]>,
  table: TableSnapshot,
  row: number,
): boolean {
  let any = false;
  const start = table.facetStarts[row]!;
  for (let i = start; i < start + table.facetCounts[row]!; i++) {
    const indexes = rulesOf.get(table.facetValues[i]!);
    if (indexes === undefined) continue;
    any = true;
    for (const index of indexes) applies[index] = 1;
  }
  return any;
}
