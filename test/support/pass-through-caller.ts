import type { StoreCaller, StoreName } from '../../src/ports/store-caller.ts';

/**
 * Makes every call once and does nothing else: for tests of what an adapter asks a store.
 * @param patienceMs what every call is given at least, for tests that make calls wait themselves
 */
export function passThroughCaller(store: StoreName, patienceMs = 0): StoreCaller {
  return {
    store,
    state: 'closed',
    call: async (call, attempt) => {
      call.signal?.throwIfAborted();
      return attempt(Math.max(call.timeoutMs, patienceMs));
    },
    onStuck() {},
  };
}
