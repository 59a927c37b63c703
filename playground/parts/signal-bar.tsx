import { barOf, orderedSignals } from '../answer/contribution-bar.ts';
import type { Signals } from '../api/wire.ts';
import { scoreText, titleText } from '../words/format.ts';

interface SignalBarProps {
  readonly signals: Signals;
  /** The contribution that the whole width stands for. */
  readonly fullWidth: number;
}

/** Contributions side by side, each in the colour of its signal; what is taken away lies striped over the end. */
export function SignalBar({ signals, fullWidth }: SignalBarProps) {
  const { added, taken } = barOf(signals, fullWidth);
  const words = orderedSignals(signals)
    .filter(([, { contribution }]) => contribution !== 0)
    .map(([name, { contribution }]) => `${name} ${scoreText(contribution)}`);
  return (
    <div class="signal-bar" role="img" aria-label={`Contributions: ${words.join(', ')}`}>
      {[...added, ...taken].map(({ signal, from, length, contribution }) => (
        <span
          key={signal}
          class={`segment signal-${signal}${contribution < 0 ? ' segment-taken' : ''}`}
          style={{ left: `${from * 100}%`, width: `${length * 100}%` }}
        >
          <span class="tip">
            <i class={`swatch signal-${signal}`} />
            {titleText(signal)} {productText(signals[signal])}
          </span>
        </span>
      ))}
    </div>
  );
}

/** `0.624 × 0.4 = 0.25`. */
export function productText(signal: Signals[keyof Signals]): string {
  if (signal === undefined) return '';
  const value = signal.value === null ? 'unknown' : scoreText(signal.value);
  return `${value} × ${signal.weight} = ${scoreText(signal.contribution)}`;
}

/** The same as a table. */
export function SignalTable({ signals, score }: { readonly signals: Signals; readonly score: number }) {
  return (
    <table class="signal-table">
      <thead>
        <tr>
          <th scope="col">Signal</th>
          <th scope="col">Value</th>
          <th scope="col">Weight</th>
          <th scope="col">Contribution</th>
        </tr>
      </thead>
      <tbody>
        {orderedSignals(signals).map(([name, { value, weight, contribution }]) => (
          <tr key={name} class={contribution === 0 ? 'muted' : ''}>
            <th scope="row">
              <i class={`swatch signal-${name}`} />
              {titleText(name)}
            </th>
            <td>{value === null ? 'unknown' : scoreText(value)}</td>
            <td>× {weight}</td>
            <td>{scoreText(contribution)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row" colSpan={3}>
            Score
          </th>
          <td>{scoreText(score)}</td>
        </tr>
      </tfoot>
    </table>
  );
}

/** Which colour is which signal, of those that an answer has. */
export function SignalLegend({ lists }: { readonly lists: readonly (Signals | undefined)[] }) {
  const names = new Set(
    lists.flatMap((signals) =>
      orderedSignals(signals ?? {}).flatMap(([name, { contribution }]) => (contribution === 0 ? [] : [name])),
    ),
  );
  return (
    <ul class="legend" aria-label="Colours of the signals">
      {[...names].map((name) => (
        <li key={name}>
          <i class={`swatch signal-${name}`} />
          {titleText(name)}
        </li>
      ))}
    </ul>
  );
}
