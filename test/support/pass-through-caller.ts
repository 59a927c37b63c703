import type { StoreCaller, StoreName } from '../../src/ports/store-caller.ts';

/** Makes every call once and does nothing else: for tests of what an adapter asks a store. */
export function passThroughCaller(store: StoreName): StoreCaller {
  return {
    store,
    state: 'closed',
    call: async (call, attempt) => {
      call.signal?.throwIfAborted();
      return attempt(call.timeoutMs);
    },
    onStuck() {},
  };
}
