import { TriptychClient, TriptychRequestError } from '../client/index.ts';
import { limits } from '../limits.ts';

/**
 * Whether the service at `url` wants a key of each caller, remembered for limits.mcpKeysKnownMs. Rejects where the
 * service cannot be asked, and then asks again the next time.
 * @param nowMs monotonic
 */
export function asksForKeys(url: string, nowMs: () => number): () => Promise<boolean> {
  const client = new TriptychClient({ url, timeoutMs: limits.mcpKeysAskMsMax });
  let known: { readonly asks: boolean; readonly untilMs: number } | null = null;
  let asking: Promise<boolean> | null = null;
  const ask = async (): Promise<boolean> => {
    try {
      const asks = await isRefusedWithoutKey(client);
      known = { asks, untilMs: nowMs() + limits.mcpKeysKnownMs };
      return asks;
    } finally {
      asking = null;
    }
  };
  return () => {
    if (known !== null && nowMs() < known.untilMs) return Promise.resolve(known.asks);
    asking ??= ask();
    return asking;
  };
}

/** Only a service with keys limits who has none. */
const refusals: ReadonlySet<string> = new Set(['unauthenticated', 'rate_limited']);

async function isRefusedWithoutKey(client: TriptychClient): Promise<boolean> {
  try {
    await client.profiles();
    return false;
  } catch (error) {
    if (error instanceof TriptychRequestError && refusals.has(error.code)) return true;
    throw error;
  }
}
