import type { ListRule, SourcedRule } from '../domain/rule.ts';
import type { Warning } from '../domain/warning.ts';
import { popularRows } from './popular.ts';
import { isBrowse, type SearchContext } from './search-context.ts';

/** Candidates that come from what is declared, not from a question. */
export interface PolicyCandidates {
  /** Pinned documents, then popular ones where nothing else is asked. */
  readonly rows: readonly number[];
  readonly pinned: readonly number[];
  /** The list-wise rules without pins that cannot hold here. */
  readonly rules: readonly SourcedRule<ListRule>[];
  readonly warnings: readonly Warning[];
}

export function policyCandidates(context: SearchContext): PolicyCandidates {
  const { asker, snapshot, conditions, profile } = context;
  const warnings: Warning[] = [];
  const pinned = new Set<number>();
  const ranks = new Set<number>();
  const rules = (asker?.policy.list ?? []).filter((sourced) => {
    if (sourced.rule.kind !== 'pin') return true;
    const reason = whyNotPinned(context, sourced.rule.id);
    if (reason === null) {
      // Of several at one rank the first holds; the others need no place in the window.
      if (!ranks.has(sourced.rule.rank)) pinned.add(snapshot.rowOf(sourced.rule.id));
      ranks.add(sourced.rule.rank);
    } else
      warnings.push({
        code: 'pin_dropped',
        message: `pin of ${sourced.source}: "${sourced.rule.id}" ${reason}`,
        rule: sourced,
      });
    return reason === null;
  });
  const popular = isBrowse(context) ? popularRows(snapshot, conditions, profile.legDepth) : [];
  const rows = [...pinned, ...popular.filter((row) => !pinned.has(row))];
  return { rows, pinned: [...pinned], rules, warnings };
}

function whyNotPinned({ snapshot, conditions, seeds }: SearchContext, id: string): string | null {
  const row = snapshot.rowOf(id);
  if (row < 0) return 'is not in the catalogue';
  if (seeds.includes(id)) return 'is one of the documents to find more like';
  return conditions !== null && conditions.mask[row] === 0 ? 'is dropped by a hard rule' : null;
}
