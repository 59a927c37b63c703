import type { Answer, Problem, SearchBody } from '../api/wire.ts';

/** What the service said to the newest ask that it has answered. */
export interface Shown {
  readonly body: SearchBody;
  /** The API key that it was asked with. */
  readonly key: string;
  /** The profile that ranked it and the one beside it; empty: the service's default, none. */
  readonly profiles: readonly [string, string];
  readonly answer: Answer;
  /** The same question under the other profile; null: nothing is compared. */
  readonly compared: Answer | null;
  /** The answer that was shown to the same question before something about the user changed; else null. */
  readonly before: Answer | null;
}

/** What came last, and which question it belongs to. */
export interface Outcome {
  readonly shown: Shown | null;
  readonly problem: Problem | null;
  /** Question, key and turn; empty: nothing came yet. */
  readonly settled: string;
}

export const nothingCame: Outcome = { shown: null, problem: null, settled: '' };

/** The outcome after an answer: moves are against what is shown, and only where that was the same question. */
export function withAnswer(now: Outcome, settled: string, came: Omit<Shown, 'before'>): Outcome {
  const { shown } = now;
  const isSame =
    shown !== null && shown.key === came.key && JSON.stringify(shown.body) === JSON.stringify(came.body);
  return { shown: { ...came, before: isSame ? shown.answer : null }, problem: null, settled };
}
