import {
  type CircuitBreakerPolicy,
  CircuitState,
  circuitBreaker,
  ExponentialBackoff,
  halfJitterGenerator,
  handleWhen,
  type IBackoff,
  type IBreaker,
  SamplingBreaker,
} from 'cockatiel';
import { limits } from '../../limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { StoreState } from '../../ports/store-caller.ts';

interface BreakerOptions {
  readonly clock: Clock;
  /** Whether an error says that the store is ill. */
  isFailure(error: unknown): boolean;
  onState(state: StoreState): void;
}

const stateNames: Readonly<Record<CircuitState, StoreState>> = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half_open',
  [CircuitState.Isolated]: 'open',
};

/**
 * The circuit breaker of one store. The package decides when it opens and closes; how long it stays open is measured
 * here, by the injected monotonic clock: the package's own wall clock may be set back, and would then keep it open.
 */
export class Breaker {
  readonly #clock: Clock;
  readonly #circuit: CircuitBreakerPolicy;
  #closedUntilMs = 0;

  constructor({ clock, isFailure, onState }: BreakerOptions) {
    this.#clock = clock;
    this.#circuit = circuitBreaker(handleWhen(isFailure), {
      breaker: new RecentCalls(clock),
      halfOpenAfter: { next: () => this.#stayOpen(pauses().next()) },
    });
    this.#circuit.onStateChange((state) => onState(stateNames[state]));
  }

  get state(): StoreState {
    return stateNames[this.#circuit.state];
  }

  /** Milliseconds until a call may be made: 0 when it may be now. While one is trying the store it is that one's turn. */
  get waitMs(): number {
    if (this.state === 'half_open') return limits.storeOpenMsMin;
    return this.state === 'open' ? Math.max(0, this.#closedUntilMs - this.#clock.nowMs()) : 0;
  }

  /** Makes a call that `waitMs` allows, in this turn; of an open breaker it is the one that tries the store. */
  execute<T>(call: () => Promise<T>): Promise<T> {
    return this.#circuit.execute(call);
  }

  /** Asked by the package whenever it opens. To its own clock the pause is always over. */
  #stayOpen(pause: IBackoff<unknown>): IBackoff<unknown> {
    this.#closedUntilMs = this.#clock.nowMs() + pause.duration;
    return { duration: Number.NEGATIVE_INFINITY, next: (context) => this.#stayOpen(pause.next(context)) };
  }
}

/** Half of each pause is by chance, so that processes do not try a store all at once. */
function pauses(): ExponentialBackoff<number> {
  return new ExponentialBackoff({
    generator: halfJitterGenerator,
    initialDelay: 2 * limits.storeOpenMsMin,
    maxDelay: limits.storeOpenMsMax,
  });
}

/** Failures among the calls of the last seconds; begins anew after a window without any call. */
class RecentCalls implements IBreaker {
  readonly #clock: Clock;
  #sampling = newSampling();
  #lastMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get state(): unknown {
    return this.#sampling.state;
  }

  set state(state: unknown) {
    this.#sampling.state = state;
  }

  success(state: CircuitState): void {
    this.#current().success(state);
  }

  failure(state: CircuitState): boolean {
    return this.#current().failure(state);
  }

  /** The package drops old calls only as new ones come in, so after a pause an old failure would still count. */
  #current(): SamplingBreaker {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#lastMs >= limits.storeWindowMs) this.#sampling = newSampling();
    this.#lastMs = nowMs;
    return this.#sampling;
  }
}

function newSampling(): SamplingBreaker {
  return new SamplingBreaker({
    threshold: limits.storeFailedShareMax,
    duration: limits.storeWindowMs,
    minimumRps: limits.storeWindowCallsMin / (limits.storeWindowMs / 1_000),
  });
}
