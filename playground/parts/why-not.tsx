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
  const [chosen, setChosen] = useState<Named | null>(null);
  const typed = text.trim();
  const { value: found, problem: findProblem } = useLookup(
    typed === '' || chosen !== null ? null : titleSearch(typed),
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
        Title or id of a document that you miss
      </label>
      <input
        id="why-title"
        type="search"
        placeholder="A title or id that you miss"
        autocomplete="off"
        spellcheck={false}
        maxLength={500}
        value={text}
        onInput={({ currentTarget: { value } }) => {
          setText(value);
          setChosen(null);
        }}
      />
      {typed !== '' && chosen === null && (
        <Choices
          results={results}
          typed={typed}
          onChoose={(document) => {
            setChosen(document);
            setText(document.title);
          }}
        />
      )}
      {findProblem !== null && <ProblemNote problem={findProblem} />}
      {problem !== null && <ProblemNote problem={problem} />}
      {why !== null && chosen !== null && <Outcome why={why as Explanation} />}
    </section>
  );
}

type Named = Pick<Result, 'id' | 'title'>;

interface ChoicesProps {
  readonly results: readonly Named[];
  readonly typed: string;
  readonly onChoose: (document: Named) => void;
}

/** The documents with such a title, and the one with such an id, which may be none. */
function Choices({ results, typed, onChoose }: ChoicesProps) {
  return (
    <ul class="why-found" aria-label="Documents with such a title or id">
      {results.map(({ id, title }) => (
        <li key={id}>
          <button type="button" onClick={() => onChoose({ id, title })}>
            {title} <span class="muted small">{id}</span>
          </button>
        </li>
      ))}
      {!results.some(({ id }) => id === typed) && (
        <li>
          <button type="button" onClick={() => onChoose({ id: typed, title: typed })}>
            The document with the id <span class="muted small">{typed}</span>
          </button>
        </li>
      )}
    </ul>
  );
}

/** As nobody and under no rule of the request: what a rule drops has to be found all the same. */
function titleSearch(query: string) {
  return { path: '/v1/search', body: { query, k: foundMost, explain: 'none' } };
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
