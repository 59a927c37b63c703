import { useCallback, useEffect, useState } from 'preact/hooks';
import { type Ask, kStep } from '../ask/ask.ts';
import { fromHash, toHash } from '../ask/ask-hash.ts';

/** Gives the next ask from the present one. */
export type ChangeAsk = (next: (ask: Ask) => Ask) => void;

/** The ask in the address: changes go there, and an address that was pasted or gone back to is taken over. */
export function useAsk(): readonly [Ask, ChangeAsk] {
  const [ask, setAsk] = useState(() => fromHash(location.hash));
  useEffect(() => {
    const hash = toHash(ask);
    if (hash !== location.hash.replace(/^#/, ''))
      history.replaceState(null, '', hash === '' ? location.pathname : `#${hash}`);
  }, [ask]);
  useEffect(() => {
    const take = () => setAsk(fromHash(location.hash));
    addEventListener('hashchange', take);
    return () => removeEventListener('hashchange', take);
  }, []);
  const change = useCallback<ChangeAsk>((next) => setAsk(next), []);
  return [ask, change];
}

/** The ask with other members, its list from the beginning. */
export function withMembers(members: Partial<Ask>): (ask: Ask) => Ask {
  return (ask) => ({ ...ask, k: kStep, ...members });
}
