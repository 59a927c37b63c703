import { useEffect, useState } from 'preact/hooks';
import { readUsers, rememberUser } from '../api/kept.ts';
import { type Ask, nothingAsked } from '../ask/ask.ts';
import { type ChangeAsk, withMembers } from '../state/use-ask.ts';
import type { Known } from '../state/use-known.ts';
import { msText } from '../words/format.ts';

interface PickersProps {
  readonly ask: Ask;
  readonly change: ChangeAsk;
  readonly known: Known;
}

/** Who asks, in which context, ranked by which profile, beside which other, by when. */
export function Pickers({ ask, change, known }: PickersProps) {
  const { profiles } = known;
  const names = profiles?.profiles.map(({ name }) => name) ?? [];
  const usual = profiles?.default ?? '';
  const descriptionOf = (name: string) => profiles?.profiles.find((one) => one.name === name)?.description;
  return (
    <section class="pickers" aria-label="Who asks and how">
      <UserPicker user={ask.user} onUser={(user) => change(withMembers({ user }))} />
      <ContextPicker ask={ask} known={known} onContext={(context) => change(withMembers({ context }))} />
      <label class="picker" title={descriptionOf(ask.profile || usual)}>
        <span>Ranked by</span>
        <select
          id="profile"
          value={ask.profile || usual}
          onChange={({ currentTarget: { value } }) =>
            change(withMembers({ profile: value === usual ? '' : value }))
          }
        >
          {withPresent(names, ask.profile).map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label class="picker" title={descriptionOf(ask.compare)}>
        <span>Beside</span>
        <select
          id="compare"
          value={ask.compare}
          onChange={({ currentTarget: { value } }) => change(withMembers({ compare: value }))}
        >
          <option value="">nothing</option>
          {withPresent(names, ask.compare).map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label class="picker" title="The deadline: what is late is left out, and said so">
        <span>Within</span>
        <select
          id="timeout"
          value={String(ask.timeoutMs)}
          onChange={({ currentTarget: { value } }) => change(withMembers({ timeoutMs: Number(value) }))}
        >
          {withPresent(timeouts, String(ask.timeoutMs)).map((ms) => (
            <option key={ms} value={ms}>
              {msText(Number(ms))}
            </option>
          ))}
        </select>
      </label>
    </section>
  );
}

const timeouts = ['20', '50', '200', '500', '2000', '10000'];

/** The names, and the one that is chosen although it is none of them (out of a shared address). */
function withPresent(names: readonly string[], present: string): readonly string[] {
  return present === '' || names.includes(present) ? names : [present, ...names];
}

function UserPicker({ user, onUser }: { readonly user: string; readonly onUser: (user: string) => void }) {
  const [recent, setRecent] = useState(readUsers);
  const [text, setText] = useTyped(user);
  const take = (typed: string) => {
    const next = typed.trim();
    setText(next);
    if (next === user) return;
    if (next !== '') setRecent(rememberUser(next));
    onUser(next);
  };
  return (
    <label class="picker">
      <span>Asking as</span>
      <input
        id="user"
        list="users"
        placeholder="nobody"
        autocomplete="off"
        spellcheck={false}
        maxLength={200}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onChange={(event) => take(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') take(event.currentTarget.value);
        }}
      />
      <datalist id="users">
        {[...new Set([user, ...recent])]
          .filter((name) => name !== '')
          .map((name) => (
            <option key={name} value={name} />
          ))}
      </datalist>
    </label>
  );
}

interface ContextProps {
  readonly ask: Ask;
  readonly known: Known;
  readonly onContext: (context: string) => void;
}

/** The contexts that there are; where the key may not read them, a field for their name. */
function ContextPicker({ ask, known, onContext }: ContextProps) {
  const usual = nothingAsked.context;
  if (known.rules === null) return <ContextField context={ask.context} onContext={onContext} />;
  const { contexts } = known.rules;
  const names = withPresent([usual, ...Object.keys(contexts)], ask.context);
  return (
    <label class="picker" title={contexts[ask.context]?.description}>
      <span>In context</span>
      <select id="context" value={ask.context} onChange={({ currentTarget: { value } }) => onContext(value)}>
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function ContextField({
  context,
  onContext,
}: { readonly context: string } & Pick<ContextProps, 'onContext'>) {
  const [text, setText] = useTyped(context);
  const take = (typed: string) => {
    const next = typed.trim() || nothingAsked.context;
    setText(next);
    onContext(next);
  };
  return (
    <label class="picker">
      <span>In context</span>
      <input
        id="context"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onChange={(event) => take(event.currentTarget.value)}
      />
    </label>
  );
}

/** What is typed until it is taken: the page may be drawn anew meanwhile. Another value takes its place. */
function useTyped(value: string) {
  const typed = useState(value);
  const [, setText] = typed;
  useEffect(() => setText(value), [value, setText]);
  return typed;
}
