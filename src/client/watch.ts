import { TriptychRequestError } from './request-error.ts';

/** Ends one call when its caller gives up, or when nothing was heard for too long. */
export class Watch {
  readonly #abort = new AbortController();
  readonly #timeoutMs: number;
  readonly #given: AbortSignal | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #endsAtMs = Number.POSITIVE_INFINITY;
  #isLate = false;

  /** @param timeoutMs 0: as long as it takes */
  constructor(timeoutMs: number, given: AbortSignal | undefined) {
    this.#timeoutMs = timeoutMs;
    this.#given = given;
    if (given?.aborted) this.#abort.abort(given.reason);
    else given?.addEventListener('abort', this.#onAbort, { once: true });
    this.heard();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** What is left of the time to answer, milliseconds. */
  get leftMs(): number {
    return this.#endsAtMs - performance.now();
  }

  /** Something came, or is waited for from now on: the time to answer begins anew. */
  heard(): void {
    if (this.#timeoutMs === 0) return;
    clearTimeout(this.#timer);
    this.#endsAtMs = performance.now() + this.#timeoutMs;
    this.#timer = setTimeout(() => {
      this.#isLate = true;
      this.#abort.abort();
    }, this.#timeoutMs);
  }

  /** Nothing is waited for until `heard` is called again. */
  rest(): void {
    clearTimeout(this.#timer);
    this.#endsAtMs = Number.POSITIVE_INFINITY;
  }

  /** Takes timer and listener away, and ends what is still under way. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#given?.removeEventListener('abort', this.#onAbort);
    this.#abort.abort();
  }

  /** Waits, unless the call ends before. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const { signal } = this;
      const end = (): void => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', end);
        resolve();
      }, ms);
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
    });
  }

  /** What a call that threw `cause` failed by; `code` where nobody ended it. */
  failure(cause: unknown, code: 'unreachable' | 'cut_off'): unknown {
    if (this.#given?.aborted) return this.#given.reason;
    if (this.#isLate)
      return new TriptychRequestError('timeout', `nothing came within ${this.#timeoutMs} ms`, {
        retriable: true,
        cause,
      });
    if (cause instanceof TriptychRequestError) return cause;
    const what = code === 'unreachable' ? 'the service cannot be reached' : 'the answer broke off';
    return new TriptychRequestError(code, `${what}: ${reasonOf(cause)}`, { retriable: true, cause });
  }

  readonly #onAbort = (): void => this.#abort.abort(this.#given?.reason);
}

/** What fetch failed by: its own message says nothing, the cause does. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return cause.message === '' ? code : cause.message;
}
