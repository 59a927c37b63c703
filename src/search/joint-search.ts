import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Hit, RecallRequest } from '../ports/recall.ts';
import type { VectorIndex } from '../ports/vector-index.ts';

interface Asked {
  readonly base: RecallRequest;
  readonly vector: Float32Array;
  readonly askedAtMs: number;
  readonly resolve: (hits: Promise<readonly Hit[]>) => void;
  readonly reject: (reason: Error) => void;
}

const askedAgain = 'asked again';

/** What became of one of the two questions: still open, not to be asked, or asked and waiting. */
type Side = 'open' | 'none' | Asked;

/**
 * Puts the query's vector and the user's taste into one search of an index that every search costs a round trip. Each
 * waits for the other for a bounded time, or until it is known that there is no other; who comes too late goes alone.
 */
export class JointSearch {
  readonly #index: VectorIndex;
  readonly #clock: Clock;
  #query: Side = 'open';
  #taste: Side = 'open';
  #cancel: () => void = () => {};
  #dropped = false;

  constructor(index: VectorIndex, clock: Clock) {
    this.#index = index;
    this.#clock = clock;
  }

  /** Nearest to the query's vector; waits for the taste at most limits.tasteJoinMsMax. */
  query(base: RecallRequest, vector: Float32Array): Promise<readonly Hit[]> {
    if (this.#dropped) return Promise.reject(new Error(askedAgain));
    return new Promise((resolve, reject) => {
      this.#query = { base, vector, askedAtMs: this.#clock.nowMs(), resolve, reject };
      this.#consider(Math.min(limits.tasteJoinMsMax, base.timeoutMs / 2));
    });
  }

  /** There is no vector of the query, or its neighbours are known. Says nothing new once there was one. */
  noQuery(): void {
    if (this.#query !== 'open') return;
    this.#query = 'none';
    this.#consider(0);
  }

  /** Nearest to the taste; waits for the query's embedding at most half of the time. */
  taste(base: RecallRequest, vector: Float32Array): Promise<readonly Hit[]> {
    if (this.#dropped) return Promise.reject(new Error(askedAgain));
    return new Promise((resolve, reject) => {
      this.#taste = { base, vector, askedAtMs: this.#clock.nowMs(), resolve, reject };
      this.#consider(base.timeoutMs / 2);
    });
  }

  noTaste(): void {
    if (this.#taste !== 'open') return;
    this.#taste = 'none';
    this.#consider(0);
  }

  /** Nobody wants to know any more; what was not sent yet is not asked. */
  drop(): void {
    this.#cancel();
    this.#dropped = true;
    for (const side of [this.#query, this.#taste]) if (isAsked(side)) side.reject(new Error(askedAgain));
    this.#query = 'none';
    this.#taste = 'none';
  }

  #consider(waitMs: number): void {
    this.#cancel();
    if (this.#query !== 'open' && this.#taste !== 'open') this.#send();
    else if (isAsked(this.#query) || isAsked(this.#taste))
      this.#cancel = this.#clock.after(waitMs, () => this.#send());
  }

  /** Asks what is there; what is asked later finds the other side gone and is sent by itself. */
  #send(): void {
    this.#cancel();
    const asked = [this.#query, this.#taste].filter(isAsked);
    if (isAsked(this.#query)) this.#query = 'none';
    if (isAsked(this.#taste)) this.#taste = 'none';
    const [first, second] = asked;
    if (first === undefined) return;
    if (second === undefined || !isSame(first.base, second.base)) {
      for (const one of asked) one.resolve(this.#search(one, [one.vector]).then(([hits]) => hits!));
      return;
    }
    const both = this.#search(first, [first.vector, second.vector]);
    first.resolve(both.then(([hits]) => hits!));
    second.resolve(both.then(([, hits]) => hits!));
  }

  #search(
    { base, askedAtMs }: Asked,
    vectors: readonly Float32Array[],
  ): Promise<readonly (readonly Hit[])[]> {
    const waitedMs = this.#clock.nowMs() - askedAtMs;
    return this.#index.search({ ...base, vectors, timeoutMs: base.timeoutMs - waitedMs });
  }
}

function isAsked(side: Side): side is Asked {
  return typeof side === 'object';
}

/** Whether both want the same of the same documents; their time ends together in any case. */
function isSame(a: RecallRequest, b: RecallRequest): boolean {
  return a.snapshot === b.snapshot && a.predicate === b.predicate && a.limit === b.limit;
}
