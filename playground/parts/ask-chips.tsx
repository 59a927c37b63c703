import { type Ask, toggleFilter } from '../ask/ask.ts';
import { type ChangeAsk, withMembers } from '../state/use-ask.ts';
import { nameText } from '../words/format.ts';
import { ruleWords } from '../words/rule-words.ts';
import { Chip } from './chip.tsx';

/** Filters, documents and rules of this request, each to be taken away with a click. */
export function AskChips({ ask, change }: { readonly ask: Ask; readonly change: ChangeAsk }) {
  const { filters, like, rules } = ask;
  if (filters.length + like.length + rules.length === 0) return null;
  return (
    <ul class="chips" aria-label="Filters and rules of this request">
      {like.map((id) => (
        <Chip
          key={`like ${id}`}
          kind="like"
          text={id}
          onRemove={() => change(withMembers({ like: like.filter((one) => one !== id) }))}
        />
      ))}
      {filters.map((filter) => (
        <Chip
          key={`${filter.facet} ${filter.value}`}
          kind={nameText(filter.facet)}
          text={filter.value}
          onRemove={() => change((now) => toggleFilter(now, filter))}
        />
      ))}
      {rules.map((rule, index) => (
        <Chip
          key={JSON.stringify(rule)}
          kind={nameText(rule.kind)}
          text={ruleWords(rule)}
          onRemove={() => change(withMembers({ rules: rules.filter((_, i) => i !== index) }))}
        />
      ))}
    </ul>
  );
}
