import { useEffect, useRef, useState } from 'preact/hooks';
import { ask as askService, problemOf } from '../api/api.ts';
import { Latest } from '../api/latest.ts';
import type { Answer, Explanation, Problem, Result } from '../api/wire.ts';
import type { Ask } from '../ask/ask.ts';
import { explainBody } from '../ask/search-body.ts';
import { explainWords } from '../words/explain-words.ts';
import { ProblemNote } from './problem-note.tsx';
import { SignalTable } from './signal-bar.tsx';

const restMs = 160;
const foundMost = 6;

interface WhyNotProps {
  readonly ask: Ask;
  readonly keyText: string;
  /** Another one with each answer, so that the explanation is about what is shown. */
  readonly turn: string;
}

/** Asks why a document is where it is, or is not there: typed by its title, chosen, explained in words. */
export function WhyNot({ ask, keyText, turn }: WhyNotProps) {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState<Result | null>(null);
  const { value: found } = useLookup(
    text.trim() === '' || chosen?.title === text ? null : titleSearch(text),
    keyText,
    '',
  );
  const { value: why, problem } = useLookup(
    chosen === null ? null : { path: '/v1/explain', body: explainBody(ask, chosen.id) },
    keyText,
    turn,
  );
  const results = (found as Answer | null)?.results ?? [];
  return (
    <section class="insight-section why-not" aria-label="Why not">
      <h2 class="panel-title">Why not …?</h2>
      <label class="hidden-label" for="why-title">
        Title of a document that you miss
      </label>
      <input
        id="why-title"
        type="search"
        placeholder="A title that you miss"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={({ currentTarget: { value } }) => {
          setText(value);
          setChosen(null);
        }}
      />
      {results.length > 0 && chosen === null && (
        <ul class="why-found" aria-label="Documents with such a title">
          {results.map((result) => (
            <li key={result.id}>
              <button
                type="button"
                onClick={() => {
                  setChosen(result);
                  setText(result.title);
                }}
              >
                {result.title} <span class="muted small">{result.id}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {problem !== null && <ProblemNote problem={problem} />}
      {why !== null && chosen !== null && <Outcome why={why as Explanation} />}
    </section>
  );
}

/** As nobody and under no rule of the request: what a rule drops has to be found all the same. */
function titleSearch(text: string) {
  return { path: '/v1/search', body: { query: text.trim(), k: foundMost, explain: 'none' } };
}

function Outcome({ why }: { readonly why: Explanation }) {
  const { headline, tone, sentences } = explainWords(why);
  return (
    <div class={`outcome outcome-${tone}`} role="status">
      <p class="headline">{headline}</p>
      {sentences.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      <details>
        <summary>Its signals</summary>
        <SignalTable signals={why.signals} score={why.score} />
      </details>
    </div>
  );
}

interface Lookup {
  readonly path: string;
  readonly body: unknown;
}

interface Found {
  readonly value: unknown;
  readonly problem: Problem | null;
}

/** The answer to the newest of these calls; null while there is none. */
function useLookup(call: Lookup | null, key: string, turn: string): Found {
  const [state, setState] = useState<Found>({ value: null, problem: null });
  const latest = useRef(new Latest());
  const text = JSON.stringify(call);
  // Another turn asks the same again.
  useEffect(() => {
    const wanted = JSON.parse(text) as Lookup | null;
    if (wanted === null) {
      latest.current.stop();
      setState({ value: null, problem: null });
      return;
    }
    const look = async () => {
      try {
        const { path, body } = wanted;
        const done = await latest.current.run((signal) =>
          askService(path, { method: 'POST', body, signal, key }),
        );
        if (done !== null) setState({ value: done.value, problem: null });
      } catch (error) {
        setState({ value: null, problem: problemOf(error) });
      }
    };
    const timer = setTimeout(() => void look(), restMs);
    return () => clearTimeout(timer);
  }, [text, key, turn]);
  return state;
}
