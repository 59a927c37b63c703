import { JsReranker } from '../../src/adapters/js/js-reranker.ts';
import type { BackendName, RerankAnswer, RerankBatch, Reranker } from '../../src/ports/reranker.ts';
import type { FakeClock } from './fake-clock.ts';

/** How one call of a fake backend goes. */
export type Behaviour =
  | { readonly kind: 'answers'; readonly ms: number }
  /** On the calling thread: no timer fires meanwhile. */
  | { readonly kind: 'holds'; readonly ms: number }
  | { readonly kind: 'fails'; readonly error: Error }
  /** `heeds`: whether it stops when the signal is aborted. */
  | { readonly kind: 'hangs'; readonly heeds: boolean };

/** Selects as the reference does, after as long and with as much success as it is told. */
export class FakeBackend implements Reranker {
  readonly name: BackendName;
  readonly variant = 'fake';
  readonly batches: RerankBatch[] = [];
  closed = 0;
  takesTables = true;
  /** false: its answers are empty, which is quick. */
  selects = true;
  /** Calls that have not ended. */
  open = 0;
  readonly #clock: FakeClock;
  readonly #inner = new JsReranker();
  behaviour: (batch: RerankBatch) => Behaviour;

  constructor(name: BackendName, clock: FakeClock, behaviour: (batch: RerankBatch) => Behaviour) {
    this.name = name;
    this.#clock = clock;
    this.behaviour = behaviour;
  }

  supports(): boolean {
    return this.takesTables;
  }

  refusal(): string | null {
    return this.takesTables ? null : 'planted';
  }

  async rerank(batch: RerankBatch, signal?: AbortSignal): Promise<RerankAnswer> {
    this.batches.push(batch);
    this.open++;
    try {
      await this.#wait(this.behaviour(batch), signal);
      return this.selects ? await this.#inner.rerank(batch) : { selected: [], dropped: [] };
    } finally {
      this.open--;
    }
  }

  async close(): Promise<void> {
    this.closed++;
  }

  #wait(behaviour: Behaviour, signal: AbortSignal | undefined): Promise<void> {
    switch (behaviour.kind) {
      case 'answers':
        return this.#clock.sleep(behaviour.ms);
      case 'holds':
        this.#clock.hold(behaviour.ms);
        return Promise.resolve();
      case 'fails':
        return Promise.reject(behaviour.error);
      case 'hangs':
        return new Promise((_, reject) => {
          if (behaviour.heeds) signal?.addEventListener('abort', () => reject(signal.reason));
        });
    }
  }
}
