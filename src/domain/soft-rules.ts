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
  return Float32Array.from(rows, (row) =>
    clampRules(applying(rulesOf, table, row).reduce((sum, index) => sum + signed(rules[index]!), 0)),
  );
}

/** The rules that apply to one row, in their order; their sum before it is clamped may be beyond 0.5. */
export function softRulesOf(
  rules: readonly SoftRule[],
  table: TableSnapshot,
  row: number,
): readonly AppliedSoftRule[] {
  return applying(rulesByCode(rules, table), table, row).map((index) => ({
    index,
    by: signed(rules[index]!),
  }));
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

/** Positions of the rules that apply to a row, ascending, each once. */
function applying(
  rulesOf: ReadonlyMap<number, readonly number[]>,
  table: TableSnapshot,
  row: number,
): readonly number[] {
  const found = new Set<number>();
  const start = table.facetStarts[row]!;
  for (let i = start; i < start + table.facetCounts[row]!; i++)
    for (const index of rulesOf.get(table.facetValues[i]!) ?? []) found.add(index);
  return [...found].sort((a, b) => a - b);
}
