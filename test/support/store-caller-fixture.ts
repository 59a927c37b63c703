import { openStoreCaller, type StoreCallerOptions } from '../../src/adapters/cockatiel/open-store-caller.ts';
import type { StoreOutcome, StorePool, StoreState } from '../../src/ports/store-caller.ts';
import type { StoreMeter } from '../../src/ports/store-meter.ts';
import { FakeClock } from './fake-clock.ts';

/** Keeps what was measured. */
export class RecordingStoreMeter implements StoreMeter {
  readonly calls: { readonly operation: string; readonly outcome: StoreOutcome; readonly ms: number }[] = [];
  retries = 0;
  state: StoreState = 'closed';
  abandoned = 0;
  abandonedMax = 0;

  storeCall(_: StorePool, operation: string, outcome: StoreOutcome, ms: number): void {
    this.calls.push({ operation, outcome, ms });
  }

  storeRetry(): void {
    this.retries++;
  }

  storeHealth(_: StorePool, { state, abandoned }: { state: StoreState; abandoned: number }): void {
    this.state = state;
    this.abandoned = abandoned;
    this.abandonedMax = Math.max(this.abandonedMax, abandoned);
  }

  get outcomes(): StoreOutcome[] {
    return this.calls.map(({ outcome }) => outcome);
  }
}

/** A caller on a clock of its own, with what it measures and logs. */
export function openCaller(options: Partial<StoreCallerOptions> = {}) {
  const clock = new FakeClock();
  const meter = new RecordingStoreMeter();
  const lines: { readonly level: string; readonly fields: object; readonly message: string }[] = [];
  const line = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, fields, message });
  const logger = { info: line('info'), warn: line('warn'), error: line('error') };
  const caller = openStoreCaller({ store: 'milvus', ...options }, { clock, meter, logger });
  return { clock, meter, lines, caller };
}

/** An attempt that the test ends when it likes. */
export function heldAttempt<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { attempt: () => promise, resolve, reject };
}

/** Lets promises that have settled be noticed. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
