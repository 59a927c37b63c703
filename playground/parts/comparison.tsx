import { addedSum } from '../answer/contribution-bar.ts';
import { type Move, rankMoves } from '../answer/rank-moves.ts';
import type { Answer, Result } from '../api/wire.ts';
import { stepMark } from '../state/use-shortcuts.ts';
import { countText, scoreText } from '../words/format.ts';
import { MoveBadge } from './result-card.tsx';
import { SignalBar, SignalLegend } from './signal-bar.tsx';

interface ComparisonProps {
  readonly first: Answer;
  readonly second: Answer;
  /** Names of the two profiles. */
  readonly names: readonly [string, string];
}

/** The same question under two profiles: each result of the second says how it moved from the first. */
export function Comparison({ first, second, names }: ComparisonProps) {
  const moves = rankMoves(first.results, second.results);
  const gone = [...moves.values()].filter(({ kind }) => kind === 'gone').length;
  const moved = [...moves.values()].filter(({ kind }) => kind === 'up' || kind === 'down').length;
  return (
    <>
      <p class="comparison-words">
        From <strong>{names[0]}</strong> to <strong>{names[1]}</strong>: {countText(moved, 'result')} moved,{' '}
        {gone === 0 ? 'none left' : `${gone} left and ${gone === 1 ? 'one is' : 'others are'} new`} among
        those shown.
      </p>
      <SignalLegend lists={[...first.results, ...second.results].map(({ signals }) => signals)} />
      <div class="comparison">
        <Column
          title={names[0]}
          answer={first}
          moveOf={(id) => (moves.get(id)?.kind === 'gone' ? moves.get(id) : undefined)}
        />
        <Column title={names[1]} answer={second} moveOf={(id) => moves.get(id)} />
      </div>
    </>
  );
}

interface ColumnProps {
  readonly title: string;
  readonly answer: Answer;
  readonly moveOf: (id: string) => Move | undefined;
}

function Column({ title, answer, moveOf }: ColumnProps) {
  const fullWidth = Math.max(1e-9, ...answer.results.map(({ signals }) => addedSum(signals ?? {})));
  return (
    <section aria-label={`Ranked by ${title}`}>
      <h2>{title}</h2>
      <ol>
        {answer.results.map((result) => (
          <Line key={result.id} result={result} fullWidth={fullWidth} move={moveOf(result.id)} />
        ))}
      </ol>
    </section>
  );
}

interface LineProps {
  readonly result: Result;
  readonly fullWidth: number;
  readonly move: Move | undefined;
}

function Line({ result, fullWidth, move }: LineProps) {
  const { id, rank, title, score, signals } = result;
  return (
    <li class="line" data-id={id} tabIndex={-1} {...{ [stepMark]: '' }}>
      <span class="rank">{rank}</span>
      <span class="line-title">{title}</span>
      {move !== undefined && <MoveBadge move={move} />}
      <span class="score">{scoreText(score)}</span>
      {signals !== undefined && <SignalBar signals={signals} fullWidth={fullWidth} />}
    </li>
  );
}
