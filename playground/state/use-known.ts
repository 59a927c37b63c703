import { useEffect, useState } from 'preact/hooks';
import { ask as askService, problemOf } from '../api/api.ts';
import type { Catalogue, Policy, Problem, Profiles, TenantRules } from '../api/wire.ts';
import { nothingAsked } from '../ask/ask.ts';

/** What the service says of itself and of who is asking; null: not yet, or not for this key. */
export interface Known {
  readonly catalogue: Catalogue | null;
  readonly profiles: Profiles | null;
  readonly rules: TenantRules | null;
  /** The user's policy in every context, and in the context that is asked in. */
  readonly policy: Policy | null;
  readonly contextPolicy: Policy | null;
  /** Why nothing is known, where that is so. */
  readonly problem: Problem | null;
}

const nothing: Known = {
  catalogue: null,
  profiles: null,
  rules: null,
  policy: null,
  contextPolicy: null,
  problem: null,
};

/** How long after a turn the policy is read again: tastes are learned a moment after an event is committed. */
const learnedMs = [1_000, 4_000];

/** `turn` reads again what is known of the user. */
export function useKnown(key: string, user: string, context: string, turn: number): Known {
  const [known, setKnown] = useState(nothing);
  const hasFailed = known.problem !== null;
  // What failed is read again with the next turn.
  useEffect(() => {
    const stop = new AbortController();
    const read = reader(key, stop.signal);
    void Promise.all([
      read<Catalogue>('/v1/catalogue'),
      read<Profiles>('/v1/profiles'),
      read<TenantRules>('/v1/rules'),
    ]).then(([catalogue, profiles, rules]) => {
      if (stop.signal.aborted) return;
      setKnown((now) => ({
        ...now,
        catalogue: catalogue.value,
        profiles: profiles.value,
        rules: rules.value,
        // A key may lack the scope for the rules; the page does without.
        problem: catalogue.problem ?? profiles.problem,
      }));
    });
    return () => stop.abort();
  }, [key, hasFailed ? turn : 0]);
  // A new turn reads the same again.
  useEffect(() => {
    if (user === '') {
      setKnown((now) => ({ ...now, policy: null, contextPolicy: null }));
      return;
    }
    const stop = new AbortController();
    const read = reader(key, stop.signal);
    const path = `/v1/users/${encodeURIComponent(user)}/policy`;
    const readPolicy = async () => {
      const inContext =
        context === nothingAsked.context
          ? null
          : read<Policy>(`${path}?context=${encodeURIComponent(context)}`);
      const [policy, contextPolicy] = await Promise.all([read<Policy>(path), inContext]);
      if (stop.signal.aborted) return;
      setKnown((now) => ({ ...now, policy: policy.value, contextPolicy: contextPolicy?.value ?? null }));
    };
    void readPolicy();
    const timers = turn === 0 ? [] : learnedMs.map((ms) => setTimeout(() => void readPolicy(), ms));
    return () => {
      stop.abort();
      for (const timer of timers) clearTimeout(timer);
    };
  }, [key, user, context, turn]);
  return known;
}

interface Read<T> {
  readonly value: T | null;
  readonly problem: Problem | null;
}

function reader(key: string, signal: AbortSignal) {
  return async <T>(path: string): Promise<Read<T>> => {
    try {
      return { value: await askService<T>(path, { key, signal }), problem: null };
    } catch (error) {
      return { value: null, problem: problemOf(error) };
    }
  };
}
