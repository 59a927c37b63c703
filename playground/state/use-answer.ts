import { useEffect, useRef, useState } from 'preact/hooks';
import { ask as askService, problemOf } from '../api/api.ts';
import { Latest } from '../api/latest.ts';
import type { Answer, Problem, SearchBody } from '../api/wire.ts';
import { type Ask, asksSomething } from '../ask/ask.ts';
import { searchBody } from '../ask/search-body.ts';

/** How long typing has to rest before a search goes out. */
const typingRestMs = 140;

/** What the service said to the newest ask that it has answered. */
export interface Shown {
  readonly body: SearchBody;
  readonly answer: Answer;
  /** The same question under the other profile; null: nothing is compared. */
  readonly compared: Answer | null;
  /** The answer that was shown to the same question before something about the user changed; else null. */
  readonly before: Answer | null;
}

export interface AnswerState {
  readonly shown: Shown | null;
  readonly problem: Problem | null;
  readonly isLoading: boolean;
}

const idle: AnswerState = { shown: null, problem: null, isLoading: false };

/** Searches whenever the ask changes, after a pause where it is typed; `turn` asks the same again. */
export function useAnswer(ask: Ask, key: string, turn: number): AnswerState {
  const [state, setState] = useState(idle);
  const latest = useRef(new Latest());
  const last = useRef({ query: '', question: '' });
  const body = asksSomething(ask) ? searchBody(ask) : null;
  const question = JSON.stringify([body, ask.compare]);

  // The question is everything of the ask that counts.
  useEffect(() => {
    const isTyped = ask.query !== last.current.query;
    const isSame = question === last.current.question;
    last.current = { query: ask.query, question };
    if (body === null) {
      latest.current.stop();
      setState(idle);
      return;
    }
    setState((now) => ({ ...now, isLoading: true }));
    const search = async () => {
      try {
        const done = await latest.current.run((signal) => searchBoth(ask, body, key, signal));
        if (done === null) return;
        setState((now) => ({
          shown: { body, ...done.value, before: isSame ? (now.shown?.answer ?? null) : null },
          problem: null,
          isLoading: false,
        }));
      } catch (error) {
        setState((now) => ({ ...now, problem: problemOf(error), isLoading: false }));
      }
    };
    const timer = setTimeout(() => void search(), isTyped ? typingRestMs : 0);
    return () => clearTimeout(timer);
  }, [question, key, turn]);
  return state;
}

async function searchBoth(ask: Ask, body: SearchBody, key: string, signal: AbortSignal) {
  const search = (one: SearchBody) =>
    askService<Answer>('/v1/search', { method: 'POST', body: one, signal, key });
  const [answer, compared] = await Promise.all([
    search(body),
    ask.compare === '' ? null : search(searchBody(ask, ask.compare)),
  ]);
  return { answer, compared };
}
