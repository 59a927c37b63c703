import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import type { RerankRequest } from '../../src/ports/reranker.ts';
import { BackendChoice } from '../../src/search/backend-choice.ts';
import { RerankBatcher, type ScorerSelection, type ScorerWindow } from '../../src/search/rerank-batcher.ts';
import { type Behaviour, FakeBackend } from '../support/fake-backends.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { scoringWith } from '../support/js-backends.ts';
import { Random } from '../support/random.ts';
import { randomCase, randomTable } from '../support/score-cases.ts';
import { silentLogger, silentMeter } from '../support/search-fixture.ts';
import { seed } from '../support/seed.ts';

const random = new Random('batcher property');
const tables = [randomTable(random, 12, 4), randomTable(random, 12, 4)];

const turns = async (): Promise<void> => {
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve));
};

interface Arrival {
  readonly afterMs: number;
  readonly timeoutMs: number;
  readonly table: number;
}

/** What became of one request, and when. */
interface Fate {
  readonly request: RerankRequest;
  readonly table: number;
  readonly atMs: number;
  readonly endMs: number;
  settledMs: number | null;
  selection: ScorerSelection | null;
}

const arrivals = fc.array(
  fc.record({
    afterMs: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 60 })),
    timeoutMs: fc.integer({ min: 1, max: 300 }),
    table: fc.constantFrom(0, 0, 0, 1),
  }),
  { minLength: 1, maxLength: 60 },
);

/** How the calls of the preferred backend go, one after the other. */
const behaviours = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('answers' as const), ms: fc.integer({ min: 0, max: 90 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('hangs' as const), heeds: fc.boolean() }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'fails' as const, error: new Error('planted') }) },
  ),
  { maxLength: 12 },
);

/** Lets the requests arrive at a batcher over a backend that behaves so, and an hour pass. */
async function play(schedule: readonly Arrival[], course: readonly Behaviour[]) {
  const clock = new FakeClock();
  let calls = 0;
  const native = new FakeBackend('native', clock, () => course[calls++] ?? { kind: 'answers', ms: 3 });
  const scoring = scoringWith([native], { setting: 'native' });
  const choice = new BackendChoice(scoring, { clock, meter: silentMeter, logger: silentLogger });
  const batches: { readonly atMs: number; readonly requests: readonly RerankRequest[] }[] = [];
  const batcher = new RerankBatcher(
    {
      rerank: (batch, signal) => {
        batches.push({ atMs: clock.nowMs(), requests: batch.requests });
        return choice.reranker.rerank(batch, signal);
      },
    },
    { meter: silentMeter, clock },
  );
  const fates: Fate[] = [];
  for (const { afterMs, timeoutMs, table } of schedule) {
    for (let ms = 0; ms < afterMs; ms++) {
      clock.advance(1);
      await turns();
    }
    fates.push(submit(clock, batcher, { timeoutMs, table }));
  }
  for (let ms = 0; ms < 400; ms++) {
    clock.advance(1);
    await turns();
  }
  return { clock, fates, batches, native };
}

function submit(
  clock: FakeClock,
  batcher: RerankBatcher,
  { timeoutMs, table }: Pick<Arrival, 'timeoutMs' | 'table'>,
): Fate {
  const one = randomCase(random, tables[table]!, { count: 5, rankDepth: 3 });
  const window: ScorerWindow = {
    table: tables[table]!,
    transient: null,
    ...one.window,
    request: one.request,
  };
  const endMs = clock.nowMs() + timeoutMs;
  const fate: Fate = {
    request: one.request,
    table,
    atMs: clock.nowMs(),
    endMs,
    settledMs: null,
    selection: null,
  };
  const controller = new AbortController();
  clock.after(timeoutMs, () => controller.abort());
  batcher.submit(window, { endMs, signal: controller.signal }).then(
    (selection) => {
      fate.selection = selection;
      fate.settledMs = clock.nowMs();
    },
    () => {
      fate.settledMs = clock.nowMs();
    },
  );
  return fate;
}

const runs = { numRuns: 40, seed };
const slow = 120_000;

describe('batches of requests with deadlines', () => {
  it(
    'are bounded, in order, and hold nobody who is late',
    async () => {
      await fc.assert(
        fc.asyncProperty(arrivals, behaviours, async (schedule, course) => {
          const { fates, batches } = await play(schedule, course);
          const byRequest = new Map(fates.map((fate, i) => [fate.request, { ...fate, i }]));
          const first = new Map<RerankRequest, number>();
          for (const { atMs, requests } of batches) {
            expect(requests.length).toBeLessThanOrEqual(limits.rerankBatchRequestsMax);
            const members = requests.map((request) => byRequest.get(request)!);
            expect(new Set(members.map(({ table }) => table)).size).toBe(1);
            for (const { endMs } of members) expect(endMs).toBeGreaterThanOrEqual(atMs);
            expect(members.map(({ i }) => i)).toEqual(members.map(({ i }) => i).toSorted((a, b) => a - b));
            for (const request of requests) if (!first.has(request)) first.set(request, atMs);
          }
          // Who came later over the same rows was not scored before.
          for (const table of [0, 1]) {
            const times = fates
              .filter((fate) => fate.table === table)
              .flatMap(({ request }) => first.get(request) ?? []);
            expect(times).toEqual(times.toSorted((a, b) => a - b));
          }
        }),
        runs,
      );
    },
    slow,
  );

  it(
    'wait for nothing but the batch before, and for that not for long',
    async () => {
      await fc.assert(
        fc.asyncProperty(arrivals, behaviours, async (schedule, course) => {
          const { fates, batches } = await play(schedule, course);
          for (const fate of fates) {
            expect(fate.settledMs).not.toBeNull();
            const scoredMs = batches.find(({ requests }) => requests.includes(fate.request))?.atMs;
            if (scoredMs === undefined) continue;
            // Batches of both tables take turns; each holds the queue up for limits.rerankOvertakeMs at most.
            const between = batches.filter(({ atMs }) => atMs >= fate.atMs && atMs <= scoredMs).length;
            expect(scoredMs - fate.atMs).toBeLessThanOrEqual(between * limits.rerankOvertakeMs);
          }
        }),
        runs,
      );
    },
    slow,
  );

  it(
    'lose to a backend that hangs nobody but their own requests',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          arrivals.map((all) => all.map((one) => ({ ...one, timeoutMs: 250 }))),
          fc.boolean(),
          async (schedule, heeds) => {
            const { fates, batches, native } = await play(schedule, [{ kind: 'hangs', heeds }]);
            const hung = new Set(batches[0]!.requests);
            for (const { request, selection } of fates) expect(selection === null).toBe(hung.has(request));
            expect(native.batches.length).toBeGreaterThan(0);
          },
        ),
        runs,
      );
    },
    slow,
  );

  it(
    'are answered at once where the backend answers at once',
    async () => {
      await fc.assert(
        fc.asyncProperty(arrivals, async (schedule) => {
          // No deadline passes in the turn of the arrival itself.
          const { fates } = await play(
            schedule.map((one) => ({ ...one, timeoutMs: one.timeoutMs + 1 })),
            Array.from({ length: schedule.length }, () => ({ kind: 'holds' as const, ms: 0 })),
          );
          for (const { atMs, settledMs, selection } of fates) {
            expect(selection?.backend).toBe('native');
            // The turn in which it came is the one in which it was scored; the next one begins a millisecond later.
            expect(settledMs! - atMs).toBeLessThanOrEqual(1);
          }
        }),
        runs,
      );
    },
    slow,
  );
});
