import type { StoreOutcome, StorePool, StoreState } from './store-caller.ts';

/** What is measured of the calls to stores outside the process; label values come from closed sets only. */
export interface StoreMeter {
  /** One call, its second attempt included. */
  storeCall(of: StorePool, operation: string, outcome: StoreOutcome, ms: number): void;
  /** A call was tried a second time. */
  storeRetry(of: StorePool): void;
  /** `abandoned`: calls that the client has not ended and nobody waits for. */
  storeHealth(of: StorePool, health: { readonly state: StoreState; readonly abandoned: number }): void;
}
