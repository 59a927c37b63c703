import { describe, expect, it } from 'vitest';
import { RefreshLoop } from '../../src/adapters/neo4j/refresh-loop.ts';
import { limits } from '../../src/limits.ts';
import type { CatalogueKey } from '../../src/ports/shared-index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { turn } from '../support/store-caller-fixture.ts';

const films: CatalogueKey = { tenant: 'films', generation: 1 };
const books: CatalogueKey = { tenant: 'books', generation: 1 };

function loopOver(left: Map<CatalogueKey, number>) {
  const clock = new FakeClock();
  const calls: string[] = [];
  const warnings: string[] = [];
  let failure: Error | null = null;
  const logger = { info() {}, error() {}, warn: (_: object, message: string) => void warnings.push(message) };
  const loop = new RefreshLoop({
    clock,
    logger,
    refresh: async (key) => {
      calls.push(key.tenant);
      if (failure !== null) throw failure;
      const some = Math.min(2, left.get(key) ?? 0);
      left.set(key, (left.get(key) ?? 0) - some);
      return some;
    },
  });
  const fail = (error: Error | null) => {
    failure = error;
  };
  const pass = async (ms: number) => {
    clock.advance(ms);
    for (let i = 0; i < 20; i++) await turn();
  };
  return { loop, calls, warnings, fail, pass };
}

describe('RefreshLoop', () => {
  it('works on each generation until nothing is left, after a pause', async () => {
    const { loop, calls, pass } = loopOver(
      new Map([
        [films, 3],
        [books, 1],
      ]),
    );
    loop.add(films);
    loop.add(books);
    await pass(limits.neo4jRefreshQuietMs - 1);
    expect(calls).toEqual([]);
    let idle = false;
    void loop.idle().then(() => {
      idle = true;
    });
    await pass(1);
    expect(calls).toEqual(['films', 'films', 'films', 'books', 'books']);
    expect(idle).toBe(true);
    await pass(10_000);
    expect(calls.length).toBe(5);
  });

  it('stands back while something is written, and goes on afterwards', async () => {
    const { loop, calls, pass } = loopOver(new Map([[films, 1]]));
    let end = () => {};
    const writing = loop.during(
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    loop.add(films);
    for (let i = 0; i < 5; i++) await pass(limits.neo4jRefreshQuietMs);
    expect(calls).toEqual([]);
    end();
    await writing;
    await pass(limits.neo4jRefreshQuietMs);
    expect(calls).toEqual(['films', 'films']);
    await loop.idle();
  });

  it('tries again after failures, ever more slowly, and says so once', async () => {
    const { loop, calls, warnings, fail, pass } = loopOver(new Map([[films, 1]]));
    fail(new Error('down'));
    loop.add(films);
    await pass(limits.neo4jRefreshQuietMs);
    await pass(limits.neo4jRefreshQuietMs);
    expect(calls.length).toBe(1);
    for (let i = 0; i < 20; i++) await pass(limits.neo4jRefreshQuietMs);
    expect(calls.length).toBeGreaterThan(2);
    expect(calls.length).toBeLessThan(8);
    expect(warnings.length).toBe(1);
    fail(null);
    await pass(limits.loopPauseMsMax);
    await loop.idle();
    expect(calls.at(-1)).toBe('films');
  });

  it('ends: nothing is begun any more, and nobody waits for ever', async () => {
    const { loop, calls, pass } = loopOver(new Map([[films, 1]]));
    loop.add(films);
    const idle = loop.idle();
    await loop.stop();
    await idle;
    loop.add(films);
    await pass(10_000);
    expect(calls).toEqual([]);
    await loop.idle();
  });
});
