import { useCallback, useState } from 'preact/hooks';
import { ask as askService, problemOf } from '../api/api.ts';
import type { Problem } from '../api/wire.ts';
import { type Ask, nothingAsked } from '../ask/ask.ts';

export type Deed = 'like' | 'hide';

/** What can be done with a document, and what was. */
export interface Deeds {
  /** `user document` of what was liked from this page. */
  readonly liked: ReadonlySet<string>;
  /** What happened last, in words; empty: nothing. */
  readonly notice: string;
  readonly problem: Problem | null;
  readonly act: (deed: Deed, document: { readonly id: string; readonly title: string }) => void;
  readonly say: (notice: string) => void;
}

export function likedKey(user: string, id: string): string {
  return `${user} ${id}`;
}

/**
 * Sends what the user does as events. Who is nobody becomes a guest first, so that there is somebody to learn about.
 * @param onDone with the user, once the event is committed: the next answer knows it
 */
export function useEvents(
  ask: Ask,
  key: string,
  requestId: string | null,
  onDone: (user: string) => void,
): Deeds {
  const [liked, setLiked] = useState<ReadonlySet<string>>(new Set());
  const [notice, say] = useState('');
  const [problem, setProblem] = useState<Problem | null>(null);
  const act = useCallback<Deeds['act']>(
    (deed, { id, title }) => {
      const user = ask.user === '' ? `guest-${token(2)}` : ask.user;
      const event = {
        event_id: `playground-${token(12)}`,
        user,
        document: id,
        type: deed,
        ...(ask.context !== nothingAsked.context && { context: ask.context }),
        ...(requestId !== null && { request_id: requestId }),
      };
      askService('/v1/events', { method: 'POST', body: { events: [event] }, key }).then(
        () => {
          setProblem(null);
          if (deed === 'like') setLiked((now) => new Set(now).add(likedKey(user, id)));
          say(deed === 'like' ? `${user} likes ${title}` : `${title} stays hidden from ${user}`);
          onDone(user);
        },
        (error: unknown) => setProblem(problemOf(error)),
      );
    },
    [ask.user, ask.context, key, requestId, onDone],
  );
  return { liked, notice, problem, act, say };
}

/** Random hexadecimal; works on pages that came over plain HTTP too. */
function token(bytes: number): string {
  return [...crypto.getRandomValues(new Uint8Array(bytes))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}
