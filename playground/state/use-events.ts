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
  /** Sends again what failed, as the same event: where it was committed after all, it counts once. */
  readonly retry: () => void;
  readonly act: (deed: Deed, document: { readonly id: string; readonly title: string }) => void;
  readonly say: (notice: string) => void;
}

export function likedKey(user: string, id: string): string {
  return `${user} ${id}`;
}

/**
 * Sends what the user does as events. Who is nobody becomes a guest first, so that there is somebody to learn about.
 * @param onDone once the event is committed, so that the next answer knows it: with its user, and who asked when it
 * was sent (empty: nobody)
 */
export function useEvents(
  ask: Ask,
  key: string,
  requestId: string | null,
  onDone: (user: string, asker: string) => void,
): Deeds {
  const [liked, setLiked] = useState<ReadonlySet<string>>(new Set());
  const [notice, say] = useState('');
  const [failed, setFailed] = useState<Failed | null>(null);
  const send = useCallback(
    (sent: Sent) => {
      const { event, title, asker } = sent;
      const { user, type, document } = event;
      askService('/v1/events', { method: 'POST', body: { events: [event] }, key }).then(
        () => {
          setFailed(null);
          if (type === 'like') setLiked((now) => new Set(now).add(likedKey(user, document)));
          say(type === 'like' ? `${user} likes ${title}` : `${title} stays hidden from ${user}`);
          onDone(user, asker);
        },
        (error: unknown) => setFailed({ sent, problem: problemOf(error) }),
      );
    },
    [key, onDone],
  );
  const act = useCallback<Deeds['act']>(
    (deed, { id, title }) => {
      const user = ask.user === '' ? `guest-${token(8)}` : ask.user;
      const event = {
        event_id: `playground-${token(12)}`,
        user,
        document: id,
        type: deed,
        ...(ask.context !== nothingAsked.context && { context: ask.context }),
        ...(requestId !== null && { request_id: requestId }),
      };
      send({ event, title, asker: ask.user });
    },
    [ask.user, ask.context, requestId, send],
  );
  const retry = useCallback(() => {
    if (failed !== null) send(failed.sent);
  }, [failed, send]);
  return { liked, notice, problem: failed?.problem ?? null, retry, act, say };
}

interface Sent {
  readonly event: {
    readonly event_id: string;
    readonly user: string;
    readonly document: string;
    readonly type: Deed;
  };
  readonly title: string;
  /** Who asked when it was sent; empty: nobody. */
  readonly asker: string;
}

interface Failed {
  readonly sent: Sent;
  readonly problem: Problem | null;
}

/** Random hexadecimal; works on pages that came over plain HTTP too. */
function token(bytes: number): string {
  return [...crypto.getRandomValues(new Uint8Array(bytes))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}
