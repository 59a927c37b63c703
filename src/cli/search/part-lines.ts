import type { ExplainAnswer, SearchAnswer } from '../../client/index.ts';
import { bar, cut, type Style } from '../style.ts';

/** Lines of parts that answers have in common. */

const barColumns = 16;
const inset = ' '.repeat(4);

/** Value, weight and contribution of each signal, with bars as wide as what they contribute. */
export function signalLines(signals: ExplainAnswer['signals'], style: Style): string[] {
  const known = Object.entries(signals);
  const width = Math.max(0, ...known.map(([name]) => name.length));
  const most = Math.max(...known.map(([, { contribution }]) => Math.abs(contribution)), 1e-9);
  return known.map(([name, { value, weight, contribution }]) => {
    const drawn = style.colour(
      bar(Math.abs(contribution) / most, barColumns),
      contribution < 0 ? 'red' : 'cyan',
    );
    const terms = value === null ? 'not known' : `${value.toFixed(3)} x ${weight.toFixed(2)}`;
    return `${inset}${name.padEnd(width)} ${drawn} ${signed(contribution)}  ${style.dim(terms)}`;
  });
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(3)}`;
}

export function pathText(path: NonNullable<ExplainAnswer['path']>): string {
  const first = path[0];
  if (first === undefined) return '';
  return path.reduce((text, { type, to }) => `${text} -${type}-> ${to}`, first.from);
}

export function warningLines(warnings: SearchAnswer['warnings'], style: Style): string[] {
  return warnings.map(({ code, message }) =>
    style.colour(cut(`warning: ${message} (${code})`, style.columns), 'yellow'),
  );
}

/** The legs that did not answer as planned; those that did are what everybody expects. */
export function coverageLines({ coverage }: Pick<SearchAnswer, 'coverage'>, style: Style): string[] {
  return Object.entries(coverage).flatMap(([part, { state, ms, budget_ms: budgetMs, reason }]) => {
    if (state === 'ok' || state === 'skipped') return [];
    const why = reason === undefined ? '' : `: ${reason}`;
    return [
      style.colour(`${part} ${state} after ${ms.toFixed(0)} of ${budgetMs.toFixed(0)} ms${why}`, 'yellow'),
    ];
  });
}
