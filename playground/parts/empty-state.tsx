import { useEffect, useState } from 'preact/hooks';
import { ask as askService } from '../api/api.ts';
import type { Answer, Catalogue } from '../api/wire.ts';
import { toggleFilter } from '../ask/ask.ts';
import { type ChangeAsk, withMembers } from '../state/use-ask.ts';
import type { Known } from '../state/use-known.ts';
import { countText, nameText } from '../words/format.ts';

interface EmptyStateProps {
  readonly change: ChangeAsk;
  readonly known: Known;
  readonly keyText: string;
}

/** Before anything is asked: questions that this catalogue can answer, made from its own facets and documents. */
export function EmptyState({ change, known, keyText }: EmptyStateProps) {
  const { catalogue } = known;
  const titles = usePopularTitles(catalogue, keyText);
  if (catalogue === null) return null;
  if (catalogue.documents === 0) return <p class="empty">There are no documents yet.</p>;
  const values = topValues(catalogue);
  return (
    <div class="empty">
      <h2>{countText(catalogue.documents, 'document')}, three ways to find them, one score</h2>
      <p>Ask in words. Every result shows what it is made of; every absence can be explained.</p>
      <h3>The best of</h3>
      <div class="samples">
        {values.map((filter) => (
          <button
            key={`${filter.facet} ${filter.value}`}
            type="button"
            class="sample"
            onClick={() => change((now) => toggleFilter(now, filter))}
          >
            {filter.value} <span class="muted">{nameText(filter.facet)}</span>
          </button>
        ))}
      </div>
      {titles.length > 0 && <h3>Something like</h3>}
      <div class="samples">
        {titles.map((title) => (
          <button
            key={title}
            type="button"
            class="sample"
            onClick={() => change(withMembers({ query: title }))}
          >
            {title}
          </button>
        ))}
      </div>
      <p class="note">Or say who is asking, and leave the question empty: that gives recommendations.</p>
    </div>
  );
}

const facetsMost = 4;
const valuesMost = 3;
const titlesMost = 6;

function topValues({ facets }: Catalogue) {
  return Object.entries(facets)
    .slice(0, facetsMost)
    .flatMap(([facet, values]) => values.slice(0, valuesMost).map(({ value }) => ({ facet, value })));
}

/** Titles of popular documents: what a filter alone brings first. None where that fails. */
function usePopularTitles(catalogue: Catalogue | null, key: string): readonly string[] {
  const [titles, setTitles] = useState<readonly string[]>([]);
  const first = catalogue === null ? undefined : topValues(catalogue)[0];
  const filter = first === undefined ? '' : JSON.stringify({ facet: first.facet, all: [first.value] });
  useEffect(() => {
    if (filter === '') return;
    const stop = new AbortController();
    const body = { filter: JSON.parse(filter) as unknown, k: titlesMost, explain: 'none' };
    askService<Answer>('/v1/search', { method: 'POST', body, key, signal: stop.signal }).then(
      ({ results }) => setTitles(results.map(({ title }) => title)),
      () => setTitles([]),
    );
    return () => stop.abort();
  }, [filter, key]);
  return titles;
}
