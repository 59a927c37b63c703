import { useEffect, useState } from 'preact/hooks';
import { addedSum } from '../answer/contribution-bar.ts';
import type { Shown } from '../answer/outcome.ts';
import { rankMoves } from '../answer/rank-moves.ts';
import type { Answer, Problem } from '../api/wire.ts';
import { type Ask, asksSomething, kMost, kStep } from '../ask/ask.ts';
import type { AnswerState } from '../state/use-answer.ts';
import type { ChangeAsk } from '../state/use-ask.ts';
import type { Deeds } from '../state/use-events.ts';
import type { Known } from '../state/use-known.ts';
import { countText, msText } from '../words/format.ts';
import { AskChips } from './ask-chips.tsx';
import { Comparison } from './comparison.tsx';
import { EmptyState } from './empty-state.tsx';
import { AnswerWarnings, ProblemNote } from './problem-note.tsx';
import { ResultCard } from './result-card.tsx';
import { SignalLegend } from './signal-bar.tsx';

interface ResultsPanelProps {
  readonly ask: Ask;
  readonly change: ChangeAsk;
  readonly known: Known;
  readonly state: AnswerState;
  readonly deeds: Deeds;
  readonly keyText: string;
  readonly onRetry: () => void;
}

/** The middle panel: the list, or what stands in its place. */
export function ResultsPanel({ ask, change, known, state, deeds, keyText, onRetry }: ResultsPanelProps) {
  const { shown, isLoading } = state;
  const problems: readonly (readonly [string, Problem | null, () => void])[] = [
    ['known', known.problem, onRetry],
    ['answer', state.problem, onRetry],
    ['deeds', deeds.problem, deeds.retry],
  ];
  return (
    <section
      class={isLoading ? 'panel results-panel is-loading' : 'panel results-panel'}
      id="results"
      tabIndex={-1}
      aria-label="Results"
      aria-busy={isLoading}
    >
      <AskChips ask={ask} change={change} />
      {problems.map(
        ([of, problem, retry]) =>
          problem !== null && <ProblemNote key={of} problem={problem} onRetry={retry} />,
      )}
      {!asksSomething(ask) && <EmptyState change={change} known={known} keyText={keyText} />}
      {shown === null && isLoading && <Skeleton />}
      {shown !== null && asksSomething(ask) && (
        <Found ask={ask} change={change} shown={shown} deeds={deeds} known={known} />
      )}
    </section>
  );
}

interface FoundProps {
  readonly ask: Ask;
  readonly change: ChangeAsk;
  readonly shown: Shown;
  readonly deeds: Deeds;
  readonly known: Known;
}

function Found({ ask, change, shown, deeds, known }: FoundProps) {
  const { answer, compared } = shown;
  return (
    <>
      <p class="status" role="status">
        {statusText(answer)}
      </p>
      <AnswerWarnings answer={answer} />
      {answer.results.length === 0 && <NothingFound answer={answer} />}
      {compared === null ? (
        <Results ask={ask} change={change} shown={shown} deeds={deeds} known={known} />
      ) : (
        <Comparison first={answer} second={compared} names={namesOf(shown, known)} />
      )}
      {answer.results.length >= ask.k && ask.k < kMost && answer.cursor !== null && (
        <button
          type="button"
          class="button more"
          onClick={() => change((now) => ({ ...now, k: Math.min(kMost, now.k + kStep) }))}
        >
          Show more
        </button>
      )}
    </>
  );
}

/** Of the profiles that are shown, which the next ones may already be another than. */
function namesOf({ profiles: [first, second] }: Shown, known: Known): readonly [string, string] {
  return [first || known.profiles?.default || 'default', second];
}

function statusText({ results, total, took_ms, cached, backend }: Answer): string {
  const of = `${total.value.toLocaleString('en')}${total.relation === 'gte' ? ' or more' : ''}`;
  const how = cached ? 'from the kept list' : `scored by ${backend}`;
  return `${results.length} of ${of} in ${msText(took_ms)}, ${how}`;
}

function NothingFound({ answer }: { readonly answer: Answer }) {
  const isFiltered = answer.total.value === 0;
  return (
    <div class="nothing">
      <h2>Nothing here</h2>
      <p>
        {isFiltered
          ? 'No document passes the filters and rules. Take one away.'
          : `${countText(answer.total.value, 'document passes', 'documents pass')} the filters and rules, none is close to the question.`}
      </p>
    </div>
  );
}

function Results({ ask, change, shown, deeds, known }: FoundProps) {
  const { answer, before } = shown;
  const [openId, setOpenId] = useState<string | null>(null);
  // What is open is closed by another question.
  useEffect(() => setOpenId(null), [JSON.stringify({ ...shown.body, k: 0 })]);
  const fullWidth = Math.max(1e-9, ...answer.results.map(({ signals }) => addedSum(signals ?? {})));
  const moves = before === null ? null : rankMoves(before.results, answer.results);
  return (
    <>
      <SignalLegend lists={answer.results.map(({ signals }) => signals)} />
      <ol class="results">
        {answer.results.map((result) => (
          <ResultCard
            key={result.id}
            result={result}
            fullWidth={fullWidth}
            move={moves?.get(result.id) ?? null}
            isOpen={openId === result.id}
            onToggle={() => setOpenId(openId === result.id ? null : result.id)}
            ask={ask}
            change={change}
            deeds={deeds}
            known={known}
          />
        ))}
      </ol>
    </>
  );
}

function Skeleton() {
  return (
    <ol class="results" aria-hidden="true">
      {Array.from({ length: 5 }, (_, i) => (
        <li key={i} class="card skeleton">
          <span />
          <span />
          <span />
        </li>
      ))}
    </ol>
  );
}
