import { LatencyDigest } from '../domain/latency-digest.ts';
import type { PlannerInput } from '../domain/planner.ts';
import type { RecallLeg } from '../domain/signal.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { LatencyStats } from '../ports/triptych.ts';

export type TimedPart = RecallLeg | 'embedder' | 'documents' | 'score' | 'search' | 'cached';

const parts: readonly TimedPart[] = [
  'embedder',
  'vector',
  'lexical',
  'graph',
  'documents',
  'score',
  'search',
  'cached',
];

/** Every sixteenth request that would leave a slow leg out tries it, so that a recovered leg comes back. */
const probeEvery = 16;

/** Live latencies of legs and stages: written by searches, read by the planner. */
export class LatencyBook {
  readonly #clock: Clock;
  readonly #digests = new Map(parts.map((part) => [part, new LatencyDigest(limits.latencyMemoryMs)]));
  #requests = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(part: TimedPart, ms: number): void {
    this.#digests.get(part)!.add(ms, this.#clock.nowMs());
  }

  /** Nothing of a part that was hardly seen: one slow first call, for want of a connection, is no reason to leave a leg out. */
  estimates(): PlannerInput['estimates'] {
    const estimates: Record<string, { p50Ms: number; p95Ms: number }> = {};
    for (const [part, { count, p50Ms, p95Ms }] of Object.entries(this.stats()))
      if (count >= limits.latencySamplesMin && part !== 'search' && part !== 'cached')
        estimates[part] = { p50Ms, p95Ms };
    return estimates;
  }

  /** true for every sixteenth request. */
  takeProbe(): boolean {
    this.#requests++;
    return this.#requests % probeEvery === 0;
  }

  stats(): Record<string, LatencyStats> {
    const nowMs = this.#clock.nowMs();
    return Object.fromEntries(
      [...this.#digests].map(([part, digest]) => {
        const [p50Ms, p95Ms] = [0.5, 0.95].map((q) => digest.quantile(q, nowMs) ?? 0);
        return [part, { count: digest.count, p50Ms: p50Ms!, p95Ms: p95Ms! }];
      }),
    );
  }
}
