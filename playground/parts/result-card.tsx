import { type Move, moveWords } from '../answer/rank-moves.ts';
import type { Result } from '../api/wire.ts';
import { type Ask, hasFilter, toggleFilter } from '../ask/ask.ts';
import type { ChangeAsk } from '../state/use-ask.ts';
import { type Deeds, likedKey } from '../state/use-events.ts';
import type { Known } from '../state/use-known.ts';
import { stepMark } from '../state/use-shortcuts.ts';
import { nameText, scoreText, valueText } from '../words/format.ts';
import { Icon } from './icon.tsx';
import { ResultDetails } from './result-details.tsx';
import { SignalBar } from './signal-bar.tsx';

interface ResultCardProps {
  readonly result: Result;
  readonly fullWidth: number;
  /** How it moved since the same question was answered before; null: nothing to say. */
  readonly move: Move | null;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
  readonly ask: Ask;
  readonly change: ChangeAsk;
  readonly deeds: Deeds;
  readonly known: Known;
}

export function ResultCard(props: ResultCardProps) {
  const { result, fullWidth, move, isOpen, onToggle, ask, deeds, known } = props;
  const { id, rank, title, score, signals, reasons = [] } = result;
  return (
    <li class={isOpen ? 'card card-open' : 'card'} data-id={id}>
      <span class="rank">
        {rank}
        {move !== null && move.kind !== 'same' && <MoveBadge move={move} />}
      </span>
      <div class="card-body">
        <h3>
          <button
            type="button"
            class="card-title"
            aria-expanded={isOpen}
            aria-controls={`details-${rank}`}
            onClick={onToggle}
            {...{ [stepMark]: '' }}
          >
            {title}
          </button>
        </h3>
        <p class="meta">{factsOf(result, known).join(' · ')}</p>
        {signals !== undefined && <SignalBar signals={signals} fullWidth={fullWidth} />}
        {reasons.length > 0 && <p class="reasons">{reasons.join(' · ')}</p>}
        <Tags {...props} />
        {isOpen && (
          <div id={`details-${rank}`}>
            <ResultDetails result={result} change={props.change} known={known} />
          </div>
        )}
      </div>
      <div class="card-side">
        <span class="score">{scoreText(score)}</span>
        <div class="card-buttons">
          <button
            type="button"
            class="button quiet like"
            aria-pressed={deeds.liked.has(likedKey(ask.user, id))}
            aria-label={`Like ${title}`}
            title="Like: more of this next time"
            onClick={() => deeds.act('like', { id, title })}
          >
            <Icon name="heart" />
          </button>
          <button
            type="button"
            class="button quiet hide"
            aria-label={`Hide ${title}`}
            title="Hide: never again for this user"
            onClick={() => deeds.act('hide', { id, title })}
          >
            <Icon name="hide" />
          </button>
        </div>
      </div>
    </li>
  );
}

const factsMost = 4;

/**
 * The first fields in the order of the schema, each named unless its value speaks for itself; a number that only repeats
 * the year of a date is left out.
 */
function factsOf({ fields = {} }: Result, { catalogue }: Known): string[] {
  const types = catalogue?.schema.fields ?? {};
  const names = Object.keys(types).filter((name) => fields[name] !== undefined);
  const dates = names.filter((name) => types[name]?.type === 'date').map((name) => String(fields[name]));
  const isPartOfDate = (name: string) =>
    types[name]?.type === 'number' && dates.some((date) => date.startsWith(`${fields[name]}-`));
  return names
    .filter((name) => !isPartOfDate(name))
    .slice(0, factsMost)
    .map((name) => {
      const type = types[name]?.type;
      const text = valueText(fields[name], type);
      return type === 'date' || type === 'keyword' ? text : `${nameText(name)} ${text}`;
    });
}

const tagsMost = 4;

/** Values of facets; a click keeps what has the value. */
function Tags({ result, ask, change }: ResultCardProps) {
  const tags = Object.entries(result.facets ?? {})
    .flatMap(([facet, values]) => values.map((value) => ({ facet, value })))
    .slice(0, tagsMost);
  if (tags.length === 0) return null;
  return (
    <ul class="tags" aria-label="Filter by a value of this result">
      {tags.map((tag) => (
        <li key={`${tag.facet} ${tag.value}`}>
          <button
            type="button"
            class="tag"
            title={nameText(tag.facet)}
            aria-pressed={hasFilter(ask, tag)}
            onClick={() => change((now) => toggleFilter(now, tag))}
          >
            {tag.value}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** An arrow with the number of ranks; `new` and `gone` in words. */
export function MoveBadge({ move }: { readonly move: Move }) {
  const shown =
    move.kind === 'up'
      ? `↑${move.by}`
      : move.kind === 'down'
        ? `↓${move.by}`
        : move.kind === 'same'
          ? '='
          : move.kind;
  return (
    <span class={`move move-${move.kind}`} title={moveWords(move)}>
      <span aria-hidden="true">{shown}</span>
      <span class="hidden-label">{moveWords(move)}</span>
    </span>
  );
}
