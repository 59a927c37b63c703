import type { Answer } from '../api/wire.ts';
import { type Ask, hasFilter, toggleFilter } from '../ask/ask.ts';
import type { ChangeAsk } from '../state/use-ask.ts';
import type { Known } from '../state/use-known.ts';
import { titleText } from '../words/format.ts';
import { RulesSection } from './rules-section.tsx';

interface SidePanelProps {
  readonly ask: Ask;
  readonly change: ChangeAsk;
  readonly known: Known;
  readonly answer: Answer | null;
}

/** The left panel: which rules hold, and the facets of what passes. */
export function SidePanel({ ask, change, known, answer }: SidePanelProps) {
  const counts = answer?.facet_counts ?? known.catalogue?.facets ?? {};
  const facets = known.catalogue?.schema.facets ?? Object.keys(counts);
  return (
    <aside class="panel side-panel" aria-label="Filters and rules">
      <RulesSection ask={ask} change={change} known={known} answer={answer} />
      <section aria-label="Filters">
        <h2 class="panel-title">Filters</h2>
        {facets.map((facet, i) => (
          <Facet
            key={facet}
            facet={facet}
            counts={counts[facet] ?? []}
            isOpen={i < 2}
            ask={ask}
            change={change}
          />
        ))}
      </section>
    </aside>
  );
}

const valuesMost = 8;

interface FacetProps {
  readonly facet: string;
  readonly counts: readonly { readonly value: string; readonly count: number }[];
  readonly isOpen: boolean;
  readonly ask: Ask;
  readonly change: ChangeAsk;
}

function Facet({ facet, counts, isOpen, ask, change }: FacetProps) {
  const chosen = ask.filters.filter((filter) => filter.facet === facet);
  const missing = chosen.filter(({ value }) => !counts.some((one) => one.value === value));
  const shown = [
    ...missing.map(({ value }) => ({ value, count: 0 })),
    ...counts.filter(({ value }, i) => i < valuesMost || hasFilter(ask, { facet, value })),
  ];
  const most = Math.max(1, ...counts.map(({ count }) => count));
  return (
    <details class="facet" open={isOpen || chosen.length > 0}>
      <summary>{titleText(facet)}</summary>
      {shown.length === 0 && <p class="muted small">no values</p>}
      <ul>
        {shown.map(({ value, count }) => (
          <li key={value}>
            <button
              type="button"
              class="facet-value"
              aria-pressed={hasFilter(ask, { facet, value })}
              onClick={() => change((now) => toggleFilter(now, { facet, value }))}
            >
              <span class="facet-bar" style={{ width: `${(count / most) * 100}%` }} />
              <span class="facet-name">{value}</span>
              <span class="facet-count">{count.toLocaleString('en')}</span>
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
