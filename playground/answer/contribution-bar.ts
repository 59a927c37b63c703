import type { SignalName, Signals } from '../api/wire.ts';

/** The order in which signals are stacked and listed; a signal that is not named here comes last. */
export const signalOrder: readonly SignalName[] = [
  'similarity',
  'fused',
  'taste',
  'lexical',
  'graph',
  'preference',
  'popularity',
  'recency',
  'rules',
];

/** One signal's part of a bar; lengths are shares (0..1) of the whole width. */
export interface Segment {
  readonly signal: SignalName;
  readonly contribution: number;
  readonly from: number;
  readonly length: number;
}

/** What adds to a score, from the left, and what takes from it, back from the end of that. */
export interface Bar {
  readonly added: readonly Segment[];
  readonly taken: readonly Segment[];
}

/** Signals in the order of bars, with their numbers. */
export function orderedSignals(signals: Signals): [SignalName, NonNullable<Signals[SignalName]>][] {
  return signalOrder.flatMap((name) => {
    const signal = signals[name];
    return signal === undefined ? [] : [[name, signal] as const satisfies [SignalName, typeof signal]];
  });
}

/** The sum of what adds to a score: how long its bar is before anything is taken. */
export function addedSum(signals: Signals): number {
  return orderedSignals(signals).reduce((sum, [, { contribution }]) => sum + Math.max(0, contribution), 0);
}

/** @param fullWidth the contribution that the whole width stands for, more than 0 */
export function barOf(signals: Signals, fullWidth: number): Bar {
  const added: Segment[] = [];
  const taken: Segment[] = [];
  let end = 0;
  for (const [signal, { contribution }] of orderedSignals(signals)) {
    if (contribution <= 0) continue;
    const length = contribution / fullWidth;
    added.push({ signal, contribution, from: end, length });
    end += length;
  }
  for (const [signal, { contribution }] of orderedSignals(signals)) {
    if (contribution >= 0) continue;
    const length = Math.min(-contribution / fullWidth, end);
    end -= length;
    taken.push({ signal, contribution, from: end, length });
  }
  return { added, taken };
}
