import { useCallback, useEffect, useState } from 'preact/hooks';
import { readKey, writeKey } from '../api/kept.ts';
import { useAnswer } from './use-answer.ts';
import { useAsk } from './use-ask.ts';
import { useEvents } from './use-events.ts';
import { useKnown } from './use-known.ts';

export type OpenDialog = 'help' | 'key' | null;

/** Everything that the page is made of, and how it changes. */
export function usePage() {
  const [ask, change] = useAsk();
  const [key, setKey] = useState(readKey);
  const [turn, setTurn] = useState(0);
  const [dialog, setDialog] = useState<OpenDialog>(null);
  const known = useKnown(key, ask.user, ask.context, turn);
  const state = useAnswer(ask, key, turn);
  const again = useCallback(() => setTurn((now) => now + 1), []);
  const goOn = useCallback(
    (user: string, asker: string) => {
      // Who has become somebody else meanwhile stays that.
      change((now) => (now.user === asker ? { ...now, user } : now));
      again();
    },
    [change, again],
  );
  const deeds = useEvents(ask, key, state.shown?.answer.request_id ?? null, goOn);
  const needsKey = known.problem?.code === 'unauthenticated';
  // A wrong key is a problem of its own, and asked about again.
  useEffect(() => {
    if (known.problem?.code === 'unauthenticated') setDialog('key');
  }, [known.problem]);
  const takeKey = (next: string) => {
    writeKey(next);
    setKey(next);
    setDialog(null);
  };
  return { ask, change, key, takeKey, needsKey, known, state, deeds, again, dialog, setDialog };
}
