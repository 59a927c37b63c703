import { useEffect, useRef, useState } from 'preact/hooks';
import { nothingCame, type Shown, withAnswer } from '../answer/outcome.ts';
import { ask as askService, problemOf } from '../api/api.ts';
import { Latest } from '../api/latest.ts';
import type { Answer, Problem, SearchBody } from '../api/wire.ts';
import { type Ask, asksSomething } from '../ask/ask.ts';
import { searchBody } from '../ask/search-body.ts';

/** How long typing has to rest before a search goes out. */
const typingRestMs = 140;

export interface AnswerState {
  readonly shown: Shown | null;
  readonly problem: Problem | null;
  readonly isLoading: boolean;
}

/** Searches whenever the ask changes, after a pause where it is typed; `turn` asks the same again. */
export function useAnswer(ask: Ask, key: string, turn: number): AnswerState {
  const [outcome, setOutcome] = useState(nothingCame);
  const latest = useRef(new Latest());
  const lastQuery = useRef('');
  const body = asksSomething(ask) ? searchBody(ask) : null;
  const wanted = JSON.stringify([body, ask.compare, key, turn]);

  // What is wanted is everything of the ask that counts.
  useEffect(() => {
    const isTyped = ask.query !== lastQuery.current;
    lastQuery.current = ask.query;
    if (body === null) {
      latest.current.stop();
      setOutcome(nothingCame);
      return;
    }
    const search = async () => {
      try {
        const done = await latest.current.run((signal) => searchBoth(ask, body, key, signal));
        if (done === null) return;
        const came = { body, key, profiles: [ask.profile, ask.compare] as const, ...done.value };
        setOutcome((now) => withAnswer(now, wanted, came));
      } catch (error) {
        setOutcome((now) => ({ ...now, problem: problemOf(error), settled: wanted }));
      }
    };
    const timer = setTimeout(() => void search(), isTyped ? typingRestMs : 0);
    return () => clearTimeout(timer);
  }, [wanted]);
  // An older search may still come to its end while a newer one rests: then the newer one is still waited for.
  return {
    shown: outcome.shown,
    problem: outcome.problem,
    isLoading: body !== null && outcome.settled !== wanted,
  };
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
