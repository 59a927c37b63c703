import type { Ask } from '../ask/ask.ts';
import { type ChangeAsk, withMembers } from '../state/use-ask.ts';
import type { Known } from '../state/use-known.ts';
import { countText } from '../words/format.ts';
import { Icon } from './icon.tsx';

interface HeaderProps {
  readonly ask: Ask;
  readonly change: ChangeAsk;
  readonly known: Known;
  readonly isLoading: boolean;
  readonly hasKey: boolean;
  readonly onKey: () => void;
  readonly onHelp: () => void;
}

/** Name, search box, what is searched, and the two dialogs. */
export function Header({ ask, change, known, isLoading, hasKey, onKey, onHelp }: HeaderProps) {
  const { catalogue } = known;
  return (
    <header class="header">
      <h1 class="brand">
        <Mark />
        Triptych
      </h1>
      <search class="search-box">
        <label class="hidden-label" for="query">
          Search
        </label>
        <Icon name="search" />
        <input
          id="query"
          type="search"
          placeholder={catalogue === null ? 'Search' : `Search ${countText(catalogue.documents, 'document')}`}
          autocomplete="off"
          spellcheck={false}
          maxLength={500}
          value={ask.query}
          onInput={(event) => change(withMembers({ query: event.currentTarget.value }))}
        />
        <kbd class="hint">/</kbd>
        <span class={isLoading ? 'progress progress-on' : 'progress'} aria-hidden="true" />
      </search>
      <p class="catalogue-name">
        {catalogue !== null && (
          <>
            <strong>{catalogue.schema.name}</strong> {countText(catalogue.documents, 'document')}
          </>
        )}
      </p>
      <div class="header-buttons">
        <button
          type="button"
          class="button quiet"
          onClick={onKey}
          aria-label={hasKey ? 'API key, one is set' : 'API key'}
        >
          <Icon name="key" />
          {hasKey && <span class="dot" />}
        </button>
        <button type="button" class="button quiet" onClick={onHelp} aria-label="Keyboard help">
          ?
        </button>
      </div>
    </header>
  );
}

function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect class="leg-vector" x="3" y="7" width="7" height="18" rx="2" />
      <rect class="leg-lexical" x="12.500" y="3" width="7" height="26" rx="2" />
      <rect class="leg-graph" x="22" y="7" width="7" height="18" rx="2" />
    </svg>
  );
}
