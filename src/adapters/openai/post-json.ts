import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';

export interface JsonPost {
  readonly url: URL;
  /** Bearer token, or null. */
  readonly key: string | null;
  readonly body: string;
  /** Until the whole answer is there. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** An idle connection that the server has closed meanwhile fails once; the second attempt opens a new one. */
const attemptsMax = 2;

/**
 * Posts JSON and gives the parsed answer. Redirects are not followed, and at most limits.embedResponseBytesMax are
 * read. Messages carry the status only: an answer may quote the key or the texts.
 * @throws TriptychError embedder_unavailable | overloaded (429); the signal's reason when it is aborted
 */
export async function postJson(post: JsonPost): Promise<unknown> {
  const timeout = AbortSignal.timeout(post.timeoutMs);
  const signal = AbortSignal.any([post.signal, timeout]);
  for (let attempt = 1; ; attempt++) {
    try {
      return await postOnce(post, signal);
    } catch (error) {
      post.signal.throwIfAborted();
      if (error instanceof TriptychError) throw error;
      if (timeout.aborted) throw unavailable(`did not answer within ${post.timeoutMs} ms`);
      if (attempt >= attemptsMax) throw unavailable(`could not be reached (${causeCode(error)})`);
    }
  }
}

async function postOnce({ url, key, body }: JsonPost, signal: AbortSignal): Promise<unknown> {
  const headers: Record<string, string> = { 'content-type': 'application/json', accept: 'application/json' };
  if (key !== null) headers.authorization = `Bearer ${key}`;
  const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
  if (!response.ok) {
    await response.body?.cancel();
    throw statusError(response);
  }
  const text = await readBounded(response);
  try {
    return JSON.parse(text);
  } catch {
    throw unavailable('did not answer with JSON');
  }
}

async function readBounded(response: Response): Promise<string> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (bytes > limits.embedResponseBytesMax)
      throw unavailable(`answered with more than ${limits.embedResponseBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function statusError({ status, headers }: Response): TriptychError {
  if (status >= 300 && status < 400)
    return unavailable(`answered with a redirect (${status}), which is not followed`);
  if (status === 401 || status === 403) return unavailable(`refused the key (status ${status})`);
  if (status !== 429) return unavailable(`answered with status ${status}`);
  const seconds = Number(headers.get('retry-after') ?? 1);
  return new TriptychError('overloaded', 'the embedding server has too many requests (status 429)', {
    retryAfterSeconds: Number.isFinite(seconds) ? Math.min(Math.max(Math.ceil(seconds), 1), 60) : 1,
  });
}

/** A code such as ECONNREFUSED; drivers put it into the cause of a general error. */
function causeCode(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : 'the connection broke';
}

function unavailable(what: string): TriptychError {
  return new TriptychError('embedder_unavailable', `the embedding server ${what}`);
}
