import type { CandidateWindow } from '../domain/candidate-window.ts';
import type { ListItem } from '../domain/list-item.ts';
import { orderList } from '../domain/list-order.ts';
import type { ListRule, RuleSource, SourcedRule } from '../domain/rule.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import type { Warning } from '../domain/warning.ts';
import { indexes, listOf } from '../std/mapped.ts';
import { diverseOrder } from './diverse-order.ts';
import type { PolicyCandidates } from './policy-leg.ts';
import type { ScoredWindow } from './score-window.ts';
import type { SearchContext } from './search-context.ts';

/** Orders of the list after each stage, best first, as indexes into scored.ranked. */
export interface ListOrder {
  /** By score, without what does not reach min_score. */
  readonly fused: Uint32Array;
  readonly diverse: Uint32Array;
  readonly final: Uint32Array;
  /** Whose pin holds a document in its place. */
  readonly pinnedBy: ReadonlyMap<string, RuleSource>;
  readonly warnings: readonly Warning[];
}

/** Everything that depends on the rest of the list: min_score, then diversity, then the list-wise rules. */
export function orderStages(
  context: SearchContext,
  window: CandidateWindow,
  scored: ScoredWindow,
  policy: PolicyCandidates,
): ListOrder {
  const { request, profile, snapshot } = context;
  const { ranked } = scored;
  const { minScore } = request;
  const all = indexes(ranked.count);
  const fused = minScore === null ? all : all.filter((index) => ranked.scores[index]! >= minScore);
  const diverse = diverseOrder(context, scored, fused);
  if (policy.rules.length === 0)
    return { fused, diverse, final: diverse, pinnedBy: new Map(), warnings: policy.warnings };
  const startMs = context.parts.clock.nowMs();
  const items = listOf(diverse, (index) => itemOf(snapshot, window.rows[ranked.positions[index]!]!));
  const { order, warnings } = orderList(items, policy.rules, snapshot.dictionary);
  context.stages.rules = context.parts.clock.nowMs() - startMs;
  // Pinned documents may have come in addition to the R best.
  const final = order.map((place) => diverse[place]!).slice(0, profile.rankDepth);
  return {
    fused,
    diverse,
    final,
    pinnedBy: pinsThatHold(policy.rules, warnings),
    warnings: [...policy.warnings, ...warnings],
  };
}

function pinsThatHold(
  rules: readonly SourcedRule<ListRule>[],
  warnings: readonly Warning[],
): ReadonlyMap<string, RuleSource> {
  const dropped = new Set(warnings.flatMap(({ code, rule }) => (code === 'pin_dropped' ? [rule] : [])));
  return new Map(
    rules.flatMap((sourced) =>
      sourced.rule.kind === 'pin' && !dropped.has(sourced) ? [[sourced.rule.id, sourced.source]] : [],
    ),
  );
}

/** A document as list-wise rules see it. */
export function itemOf(table: TableSnapshot, row: number): ListItem {
  const start = table.facetStarts[row]!;
  const codes = table.facetValues.subarray(start, start + table.facetCounts[row]!);
  return {
    id: table.idOf(row),
    valuesOf: (facet) => Array.from(codes.filter((code) => table.dictionary.facetOf(code) === facet)),
  };
}
