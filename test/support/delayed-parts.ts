import { unit } from './arbitraries.ts';
import type { FakeClock } from './fake-clock.ts';
import { type FixtureParts, fanOfDocuments, type SearchFixture } from './search-fixture.ts';

/** Milliseconds that each part takes. */
export interface Delays {
  readonly embedder?: number;
  readonly vector?: number;
  readonly lexical?: number;
  readonly graph?: number;
}

/** One question to a part, as it came in. */
export interface PartCall {
  readonly part: keyof Delays;
  readonly atMs: number;
  /** Whether a predicate was pushed down. */
  readonly pushed: boolean;
}

export const never = Number.POSITIVE_INFINITY;
export const delayedDocuments = fanOfDocuments(20);

/**
 * Stores that answer a fixed list after a delay on the fake clock; `never` hangs, a negative delay fails.
 * @param calls where each question is noted
 */
export function delayed(delays: Delays, calls: PartCall[] = []) {
  return (clock: FakeClock): FixtureParts => {
    const wait = async (part: keyof Delays, predicate: unknown = null): Promise<void> => {
      calls.push({ part, atMs: clock.nowMs(), pushed: predicate !== null });
      const ms = delays[part] ?? 0;
      if (ms < 0) throw new Error('driver text that must not reach anybody: postgres://user:secret@host');
      if (ms === never) await new Promise(() => {});
      if (ms > 0) await clock.sleep(ms);
    };
    return {
      embedder: {
        model: 'test',
        dimension: 8,
        embed: async (texts) => {
          await wait('embedder');
          return texts.map(() => unit([1, 0, 0, 0, 0, 0, 0, 0]));
        },
        ready: async () => {},
        close: async () => {},
      },
      vector: {
        search: async ({ vectors, predicate }) => {
          await wait('vector', predicate);
          return vectors.map(() =>
            delayedDocuments.slice(0, 10).map(({ id }, i) => ({ id, score: 1 - i / 100 })),
          );
        },
      },
      text: {
        search: async ({ predicate }) => {
          await wait('lexical', predicate);
          const bm25 = (id: string) => (Number(id.slice(1)) % 2 === 0 ? 4 : 0);
          return {
            hits: delayedDocuments.slice(10, 20).map(({ id }) => ({ id, score: bm25(id) })),
            score: async (ids) => Float64Array.from(ids, bm25),
          };
        },
      },
      graph: {
        recall: async ({ seeds, predicate }) => {
          await wait('graph', predicate);
          const from = seeds[0]!.id;
          return {
            support: ['d7', 'd15'].map((id, i) => ({
              id,
              strength: 0.5 - i / 10,
              path: [{ type: 'SAME_DIRECTOR', from, to: id, strength: 0.5 }],
            })),
          };
        },
        relationships: async ({ ids }) => ids.map(() => []),
      },
    };
  };
}

/** Lets the policy store take its time, too. */
export function delayPolicies({ users, clock }: SearchFixture, ms: number): void {
  const { head, rules } = users;
  users.head = async (...args) => {
    await clock.sleep(ms);
    return head.apply(users, args);
  };
  users.rules = async (...args) => {
    await clock.sleep(ms);
    return rules.apply(users, args);
  };
}
