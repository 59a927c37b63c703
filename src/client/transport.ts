import { answerLines } from './answer-lines.ts';
import { errorOfAnswer, TriptychRequestError } from './request-error.ts';
import { Watch } from './watch.ts';

/** The part of `fetch` that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface TriptychClientOptions {
  /** Where the service is, with the path that a proxy may put before its routes; in browsers relative ones work, too. */
  readonly url: string;
  /** API key, where the service has keys. */
  readonly key?: string;
  /** Sends the requests, instead of the global `fetch`. */
  readonly fetch?: Fetch;
  /** How long a call may take, retries included, and a stream until its next part; milliseconds, 0: any time. Default 30,000. */
  readonly timeoutMs?: number;
  /**
   * How often a call is repeated that may be repeated (reads, and writes that change nothing the second time) when it did
   * not get through, or was answered 429 or 503 with `retriable`. The pauses follow Retry-After. 0..5; default 0: never.
   */
  readonly retriesMax?: number;
}

export interface CallOptions {
  /** Ends the call, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Instead of the client's. */
  readonly timeoutMs?: number;
  /** Sent as `x-request-id`: at most 128 letters, digits or `_ . : @ = + / -`. */
  readonly requestId?: string;
}

/** One request. */
export interface Call {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** As the API names it: `/v1/documents/{id}`. */
  readonly path: string;
  /** What stands for `{id}`. */
  readonly id?: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly accept?: string;
  readonly body?: { readonly type: string; readonly text: string };
  /** Doing it twice is as doing it once. */
  readonly repeatable: boolean;
  readonly options: CallOptions | undefined;
}

const timeoutMsDefault = 30_000;
const timeoutMsMax = 86_400_000;
const retriesMost = 5;
const pauseMsFirst = 250;

/** Sends calls, waits for answers within bounds, turns what is no success into TriptychRequestError. */
export class Transport {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #fetch: Fetch;
  readonly #timeoutMs: number;
  readonly #retriesMax: number;

  /** @throws TypeError for options that cannot be */
  constructor({
    url,
    key,
    fetch: given,
    timeoutMs = timeoutMsDefault,
    retriesMax = 0,
  }: TriptychClientOptions) {
    this.#url = checkedUrl(url);
    if (key !== undefined && !/^[!-~]+$/.test(key))
      throw new TypeError('key: must be visible ASCII characters without spaces');
    this.#headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
    // A browser's fetch wants to be called as a function of the window.
    this.#fetch = given ?? ((address, init) => fetch(address, init));
    this.#timeoutMs = bounded('timeoutMs', timeoutMs, timeoutMsMax);
    this.#retriesMax = bounded('retriesMax', retriesMax, retriesMost);
  }

  /** The JSON of an answer; what it holds is the service's word. */
  async json<T>(call: Call): Promise<T> {
    const text = await this.text({ accept: 'application/json', ...call });
    return parsed<T>(text);
  }

  async text(call: Call): Promise<string> {
    const watch = this.#watch(call);
    try {
      return await this.#retried(call, watch, (response) => response.text());
    } finally {
      watch.stop();
    }
  }

  /** The lines of an NDJSON answer, each parsed. Leaving the loop ends the request. */
  async *lines<T>(call: Call): AsyncGenerator<T> {
    const watch = this.#watch(call);
    try {
      const response = await this.#retried(call, watch, async (head) => head);
      try {
        for await (const line of answerLines(response.body, watch)) yield parsed<T>(line);
      } catch (error) {
        throw watch.failure(error, 'cut_off');
      }
    } finally {
      watch.stop();
    }
  }

  #watch({ options = {} }: Call): Watch {
    const timeoutMs =
      options.timeoutMs === undefined
        ? this.#timeoutMs
        : bounded('timeoutMs', options.timeoutMs, timeoutMsMax);
    return new Watch(timeoutMs, options.signal);
  }

  async #retried<T>(call: Call, watch: Watch, read: (response: Response) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#attempt(call, watch, read);
      } catch (error) {
        const pauseMs = attempt < this.#retriesMax && call.repeatable ? pauseOf(error, attempt) : null;
        if (pauseMs === null || pauseMs >= watch.leftMs) throw error;
        await watch.pause(pauseMs).catch((cause: unknown) => {
          throw watch.failure(cause, 'unreachable');
        });
      }
    }
  }

  async #attempt<T>(call: Call, watch: Watch, read: (response: Response) => Promise<T>): Promise<T> {
    const address = this.#addressOf(call);
    let response: Response;
    try {
      response = await this.#fetch(address, this.#initOf(call, watch.signal));
    } catch (error) {
      throw watch.failure(error, 'unreachable');
    }
    try {
      if (response.ok) return await read(response);
      throw errorOfAnswer(response, await response.text());
    } catch (error) {
      throw watch.failure(error, 'cut_off');
    }
  }

  #addressOf({ path, id, query = {} }: Call): string {
    const own = id === undefined ? path : path.replace('{id}', () => encodedId(id));
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) parameters.set(name, String(value));
    const search = parameters.toString();
    return `${this.#url}${own}${search === '' ? '' : `?${search}`}`;
  }

  #initOf({ method, headers, accept, body, options }: Call, signal: AbortSignal): RequestInit {
    return {
      method,
      headers: {
        ...this.#headers,
        ...headers,
        ...(accept !== undefined && { accept }),
        ...(body !== undefined && { 'content-type': body.type }),
        ...(options?.requestId !== undefined && { 'x-request-id': options.requestId }),
      },
      ...(body !== undefined && { body: body.text }),
      // Wherever else that led to, the key is not for it.
      redirect: 'error',
      signal,
    };
  }
}

/** What a path cannot carry never reaches the service, which would have refused it. */
function encodedId(id: string): string {
  const message = 'cannot be the id of anything';
  const problem = { status: 400, fields: [{ path: 'id', message }] };
  if (/^\.{0,2}$/.test(id)) throw new TriptychRequestError('invalid_request', `id: ${message}`, problem);
  try {
    return encodeURIComponent(id);
  } catch {
    throw new TriptychRequestError('invalid_request', `id: ${message}`, problem);
  }
}

function parsed<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new TriptychRequestError('unexpected_answer', 'the answer is not JSON', { cause });
  }
}

/** How long to wait before the next attempt, with jitter; null: it would not help. */
function pauseOf(error: unknown, attempt: number): number | null {
  if (!(error instanceof TriptychRequestError) || !error.retriable) return null;
  const { code, status, retryAfterMs } = error;
  if (code !== 'unreachable' && status !== 429 && status !== 503) return null;
  const jitterMs = Math.random() * pauseMsFirst * 2 ** attempt;
  return retryAfterMs === null ? pauseMsFirst * 2 ** attempt + jitterMs : retryAfterMs + jitterMs;
}

/** Without the slash at its end. */
function checkedUrl(given: string): string {
  const { location } = globalThis as { location?: { readonly href: string } };
  if (!URL.canParse(given, location?.href)) throw new TypeError(`url: ${given} is not a URL`);
  const url = new URL(given, location?.href);
  if (!/^https?:$/.test(url.protocol)) throw new TypeError('url: must be an http or https URL');
  if (url.username !== '' || url.password !== '') throw new TypeError('url: must hold no user; give `key`');
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

function bounded(name: string, value: number, max: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new TypeError(`${name}: must be a whole number from 0 to ${max}`);
}
