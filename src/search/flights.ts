import type { RankedList } from '../domain/ranked-list.ts';

interface Flight {
  readonly endMs: number;
  readonly timeoutMs: number;
  readonly list: Promise<RankedList>;
}

/**
 * Equal searches that are under way at once share one computation. Each keeps its own deadline: it joins only what ends
 * before that, and an answer (or a failure) for lack of time counts for another search only if that one had no more.
 */
export class Flights {
  readonly #flights = new Map<string, Flight>();

  /**
   * @param key equal for searches whose complete answers are equal
   * @param work computes the list; called unless another's serves
   */
  async share(
    key: string,
    deadline: { readonly endMs: number; readonly timeoutMs: number },
    work: () => Promise<RankedList>,
  ): Promise<RankedList> {
    let tried: Flight | undefined;
    for (;;) {
      const flight = this.#flights.get(key);
      if (flight === undefined || flight === tried || flight.endMs > deadline.endMs) break;
      const list = await landed(flight, deadline.timeoutMs);
      if (list !== null) return list;
      // Of those who wanted a better one the first has begun it by now.
      tried = flight;
    }
    const own = { ...deadline, list: work() };
    this.#flights.set(key, own);
    try {
      return await own.list;
    } finally {
      if (this.#flights.get(key) === own) this.#flights.delete(key);
    }
  }
}

/** The other's list, or null where more time may give a better one. */
async function landed(flight: Flight, timeoutMs: number): Promise<RankedList | null> {
  const hadAsMuch = flight.timeoutMs >= timeoutMs;
  try {
    const list = await flight.list;
    return list.degraded && !hadAsMuch ? null : list;
  } catch (error) {
    if (hadAsMuch) throw error;
    return null;
  }
}
