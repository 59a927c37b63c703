import { LatencyDigest } from '../domain/latency-digest.ts';
import type { PlannerInput } from '../domain/planner.ts';
import type { RecallLeg } from '../domain/signal.ts';
import type { LatencyStats } from '../ports/triptych.ts';

export type TimedPart = RecallLeg | 'embedder' | 'score' | 'search' | 'cached';

const parts: readonly TimedPart[] = ['embedder', 'vector', 'lexical', 'graph', 'score', 'search', 'cached'];

/** Every sixteenth request that would leave a slow leg out tries it, so that a recovered leg comes back. */
const probeEvery = 16;

/** Live latencies of legs and stages: written by searches, read by the planner. */
export class LatencyBook {
  readonly #digests = new Map(parts.map((part) => [part, new LatencyDigest()]));
  #requests = 0;

  add(part: TimedPart, ms: number): void {
    this.#digests.get(part)!.add(ms);
  }

  estimates(): PlannerInput['estimates'] {
    const estimates: Record<string, { p50Ms: number; p95Ms: number }> = {};
    for (const [part, { count, p50Ms, p95Ms }] of Object.entries(this.stats()))
      if (count > 0 && part !== 'search' && part !== 'cached') estimates[part] = { p50Ms, p95Ms };
    return estimates;
  }

  /** true for every sixteenth request. */
  takeProbe(): boolean {
    this.#requests++;
    return this.#requests % probeEvery === 0;
  }

  stats(): Record<string, LatencyStats> {
    return Object.fromEntries(
      [...this.#digests].map(([part, digest]) => [
        part,
        { count: digest.count, p50Ms: digest.quantile(0.5) ?? 0, p95Ms: digest.quantile(0.95) ?? 0 },
      ]),
    );
  }
}
