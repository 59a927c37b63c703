import { LatencyDigest } from '../../domain/latency-digest.ts';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type {
  StoreCall,
  StoreCaller,
  StoreName,
  StoreOutcome,
  StorePool,
  StoreState,
} from '../../ports/store-caller.ts';
import type { StoreMeter } from '../../ports/store-meter.ts';
import { Breaker } from './breaker.ts';
import { type Place, Places } from './places.ts';
import { RetryBudget } from './retry-budget.ts';
import { isConnectionFailure, isStoreFailure, outcomeOf, storeError } from './store-failure.ts';

export interface StoreCallerOptions {
  readonly store: StoreName;
  /** Default `serve`. */
  readonly pool?: StorePool['pool'];
  /** Calls under way at once, abandoned ones included; default by store (`limits.storeCallsMax`). */
  readonly callsMax?: number;
}

interface StoreCallerParts {
  readonly clock: Clock;
  readonly meter: StoreMeter;
  readonly logger: Logger;
}

/** A caller of one store and pool; asks nothing of the store by itself. */
export function openStoreCaller(options: StoreCallerOptions, parts: StoreCallerParts): StoreCaller {
  return new CockatielStoreCaller(options, parts);
}

/** Outcomes of an attempt that did not reach the store. */
const notMade: ReadonlySet<StoreOutcome> = new Set(['open', 'overloaded']);

/** A timer that is later than this was held up. */
const heldMsMin = 2;

/** Whoever gives up after so much of the time that a call was given has waited for the store, not changed his mind. */
const waitedShare = 0.9;

/** An attempt failed after its caller had gone: perhaps because of that, so it says nothing about the store. */
class CutShort extends Error {
  /** Whether it was the one call by which it was to be seen that the store is well again, which it did not show. */
  readonly tried: boolean;

  constructor(tried: boolean) {
    super('the call was given up');
    this.tried = tried;
  }
}

/** The call that tries a store is still out: others may try it as well before its end, which may be minutes away. */
class StillOut extends Error {}

class CockatielStoreCaller implements StoreCaller {
  readonly store: StoreName;
  readonly #of: StorePool;
  readonly #callsMax: number;
  readonly #parts: StoreCallerParts;
  readonly #breaker: Breaker;
  readonly #places: Places;
  readonly #retries = new RetryBudget({
    share: limits.storeRetryShare,
    retriesMax: limits.storeRetriesMax,
  });
  /** How long answers take, by operation. */
  readonly #latencies = new Map<string, LatencyDigest>();
  #rebuild: (() => void) | null = null;
  #rebuiltAtMs = Number.NEGATIVE_INFINITY;
  #leftAlone = false;

  constructor({ store, pool = 'serve', callsMax }: StoreCallerOptions, parts: StoreCallerParts) {
    const { clock } = parts;
    this.store = store;
    this.#of = { store, pool };
    this.#callsMax = callsMax ?? limits.storeCallsMax[store];
    this.#parts = parts;
    this.#breaker = new Breaker({
      clock,
      isFailure: (error) =>
        error instanceof StillOut || (error instanceof CutShort ? error.tried : isStoreFailure(error)),
      onState: (state) => this.#stateChanged(state),
    });
    this.#places = new Places({
      clock,
      placesMax: this.#callsMax,
      abandonedMsMax: limits.storeAbandonedMsMax,
      onAbandoned: () => this.#abandonedChanged(),
    });
    this.#measureHealth();
  }

  get state(): StoreState {
    return this.#breaker.state;
  }

  onStuck(rebuild: () => void): void {
    this.#rebuild = rebuild;
  }

  async call<T>(call: StoreCall, attempt: (timeoutMs: number) => Promise<T>): Promise<T> {
    const { clock, meter } = this.#parts;
    const startMs = clock.nowMs();
    const measure = (outcome: StoreOutcome): void =>
      meter.storeCall(this.#of, call.operation, outcome, clock.nowMs() - startMs);
    try {
      const value = await this.#tried(call, startMs + call.timeoutMs, attempt);
      measure('ok');
      return value;
    } catch (error) {
      const gone = call.signal?.aborted === true && error === call.signal.reason;
      measure(gone ? 'aborted' : outcomeOf(error));
      throw error;
    }
  }

  /** Once, or twice where that is worth it; a second attempt that could not be made leaves it at the first one's error. */
  async #tried<T>(call: StoreCall, endMs: number, attempt: (timeoutMs: number) => Promise<T>): Promise<T> {
    this.#retries.add();
    try {
      return await this.#once(call, endMs, attempt);
    } catch (error) {
      if (!this.#worthRepeating(call, error, endMs)) throw error;
      this.#parts.meter.storeRetry(this.#of);
      return await this.#once(call, endMs, attempt).catch((second: unknown) => {
        throw notMade.has(outcomeOf(second)) ? error : second;
      });
    }
  }

  #worthRepeating({ operation, repeatable, signal, timeoutMs }: StoreCall, error: unknown, endMs: number) {
    if (repeatable !== true || signal?.aborted || !isConnectionFailure(error)) return false;
    if (this.#breaker.state !== 'closed') return false;
    const usualMs =
      this.#latencies.get(operation)?.quantile(0.95, this.#parts.clock.nowMs()) ?? timeoutMs / 2;
    return endMs - this.#parts.clock.nowMs() >= usualMs && this.#retries.take();
  }

  async #once<T>(call: StoreCall, endMs: number, attempt: (timeoutMs: number) => Promise<T>): Promise<T> {
    const { signal } = call;
    signal?.throwIfAborted();
    const leftMs = endMs - this.#parts.clock.nowMs();
    if (!(leftMs > 0)) throw this.#late();
    const { waitMs } = this.#breaker;
    if (waitMs > 0) throw this.#open(waitMs);
    const place = this.#places.take();
    if (place === null)
      throw new TriptychError('overloaded', `too many calls to ${this.store} are under way`);
    const answer = this.#executed(leftMs, () => this.#bounded(call, leftMs, place, attempt));
    return signal === undefined ? answer : untilAborted(answer, signal, place);
  }

  /** Makes the call through the breaker. Of one that tries the store it waits for the answer only so long, its caller for all. */
  #executed<T>(leftMs: number, call: () => Promise<T>): Promise<T> {
    const mayHold = this.#breaker.state === 'closed' || leftMs <= limits.storeTryMsMax;
    if (mayHold) return this.#breaker.execute(call);
    let whole: Promise<T> | null = null;
    const judged = this.#breaker.execute(() => {
      whole = call();
      return this.#soon(whole);
    });
    return judged.catch((error: unknown) => {
      if (error instanceof StillOut && whole !== null) return whole;
      throw error;
    });
  }

  #soon<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#parts.clock.after(limits.storeTryMsMax, () => reject(new StillOut()));
      answer.finally(cancel).then(resolve, reject);
    });
  }

  /**
   * The attempt's answer, or `deadline_exceeded` after `leftMs`, whatever the client does. It goes on when the call is
   * aborted: whether the store answers in the time that it was given says how it is.
   */
  #bounded<T>(
    { operation, signal }: StoreCall,
    leftMs: number,
    place: Place,
    attempt: (timeoutMs: number) => Promise<T>,
  ): Promise<T> {
    const { clock } = this.#parts;
    const tries = this.#breaker.state !== 'closed';
    const startMs = clock.nowMs();
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        place.abandon();
        reject(this.#late());
      };
      let cancel = clock.after(leftMs, () => {
        // Work that held the event loop also held back an answer that is there: one more turn lets it in.
        if (clock.nowMs() - startMs - leftMs > heldMsMin) cancel = clock.after(0, giveUp);
        else giveUp();
      });
      const end = (): void => {
        cancel();
        place.leave();
      };
      startedBy(attempt, leftMs).then(
        (value) => {
          end();
          this.#latencyOf(operation)?.add(clock.nowMs() - startMs, clock.nowMs());
          resolve(value);
        },
        (error: unknown) => {
          end();
          const waited = clock.nowMs() - startMs >= leftMs * waitedShare;
          if (signal?.aborted) reject(waited ? this.#late() : new CutShort(tries));
          else reject(storeError(this.store, error));
        },
      );
    });
  }

  #late(): TriptychError {
    return new TriptychError('deadline_exceeded', `${this.store} did not answer in time`);
  }

  #open(waitMs: number): TriptychError {
    return new TriptychError('store_open', `${this.store} keeps failing and is left alone for a while`, {
      retryAfterSeconds: Math.ceil(waitMs / 1_000),
    });
  }

  #latencyOf(operation: string): LatencyDigest | undefined {
    if (!this.#latencies.has(operation) && this.#latencies.size < limits.storeOperationsMax)
      this.#latencies.set(operation, new LatencyDigest(limits.latencyMemoryMs));
    return this.#latencies.get(operation);
  }

  #stateChanged(state: StoreState): void {
    this.#measureHealth();
    const { logger } = this.#parts;
    const leftAlone = state !== 'closed';
    if (leftAlone === this.#leftAlone) return;
    this.#leftAlone = leftAlone;
    const waitMs = Math.ceil(this.#breaker.waitMs);
    if (leftAlone) logger.warn({ ...this.#of, wait_ms: waitMs }, 'a store keeps failing and is left alone');
    else logger.info({ ...this.#of }, 'a store that was left alone answers again');
  }

  #abandonedChanged(): void {
    this.#measureHealth();
    const { clock, logger } = this.#parts;
    const { abandoned } = this.#places;
    const sinceMs = clock.nowMs() - this.#rebuiltAtMs;
    if (this.#rebuild === null || abandoned * 2 < this.#callsMax || sinceMs < limits.storeRebuildIntervalMs)
      return;
    this.#rebuiltAtMs = clock.nowMs();
    logger.warn({ ...this.#of, abandoned }, 'calls to a store hang: its client is built anew');
    try {
      this.#rebuild();
    } catch (error) {
      logger.error({ ...this.#of, error }, 'the client of a store could not be built anew');
    }
  }

  #measureHealth(): void {
    const { state } = this.#breaker;
    this.#parts.meter.storeHealth(this.#of, { state, abandoned: this.#places.abandoned });
  }
}

/** An attempt that throws instead of rejecting is a rejected one. */
async function startedBy<T>(attempt: (timeoutMs: number) => Promise<T>, timeoutMs: number): Promise<T> {
  return attempt(timeoutMs);
}

/** The answer for as long as anybody waits for it; one that comes later is not noticed. */
function untilAborted<T>(answer: Promise<T>, signal: AbortSignal, place: Place): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      place.abandon();
      reject(signal.reason);
    };
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}
