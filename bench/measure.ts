import { setTimeout } from 'node:timers/promises';

/** Nearest-rank percentile of sorted samples; q is 0..1. */
export function percentile(sorted: readonly number[], q: number): number {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))]!;
}

export function median(samples: readonly number[]): number {
  return percentile(sorted(samples), 0.5);
}

export function sorted(samples: readonly number[]): number[] {
  return [...samples].sort((a, b) => a - b);
}

/** p50, p95, p99 and the largest sample, in milliseconds. */
export function latencies(samplesMs: readonly number[]): Record<string, number> {
  const ordered = sorted(samplesMs);
  return {
    count: ordered.length,
    p50_ms: round(percentile(ordered, 0.5)),
    p95_ms: round(percentile(ordered, 0.95)),
    p99_ms: round(percentile(ordered, 0.99)),
    max_ms: round(ordered.at(-1) ?? Number.NaN),
  };
}

/** Three significant decimals are more than any of these figures is worth. */
export function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

/** One thing to compare with others: runs one round and returns its samples. */
export interface Variant<T> {
  readonly name: string;
  readonly round: () => Promise<T>;
}

/**
 * Runs all variants in turn, `rounds` times, so that a machine that slows down meanwhile slows all of them. Returns
 * the rounds of each variant.
 */
export async function interleave<T>(
  variants: readonly Variant<T>[],
  rounds: number,
): Promise<Map<string, T[]>> {
  const results = new Map<string, T[]>(variants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const variant of variants) results.get(variant.name)!.push(await variant.round());
  return results;
}

/** Latencies of one round of calls, and how long the round took. */
export interface Round {
  readonly samplesMs: readonly number[];
  readonly seconds: number;
}

/**
 * `clients` loops that share `calls` calls, each starting its next call when the last one answered.
 * @param dueAt performance.now() before which a call does not start; absent: at once. What a call waits after that because
 * all clients are busy counts as its latency.
 */
export async function runClients(
  clients: number,
  calls: number,
  call: (index: number) => Promise<void>,
  dueAt?: (index: number) => number,
): Promise<Round> {
  const samplesMs: number[] = [];
  let next = 0;
  const started = performance.now();
  const loop = async (): Promise<void> => {
    while (next < calls) {
      const index = next;
      next += 1;
      const due = dueAt?.(index);
      const early = due === undefined ? 0 : due - performance.now();
      if (early > 0) await setTimeout(early);
      // A timer may be late too, which is not the call's fault.
      const before = due === undefined || early > 0 ? performance.now() : due;
      await call(index);
      samplesMs.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: clients }, loop));
  return { samplesMs, seconds: (performance.now() - started) / 1_000 };
}

/** Rounds of one variant as figures: percentiles over all samples, throughput as the median of the rounds. */
export function summary(rounds: readonly Round[]): Record<string, number> {
  return {
    ...latencies(rounds.flatMap(({ samplesMs }) => samplesMs)),
    per_second: round(median(rounds.map(({ samplesMs, seconds }) => samplesMs.length / seconds))),
  };
}
