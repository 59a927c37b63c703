import { median, round } from '../measure.ts';

/** Something to time: one `call` is the work of one request. */
export interface Contestant {
  readonly name: string;
  /** A promise makes each call wait for the one before. */
  readonly call: () => unknown;
}

export interface RaceOptions {
  readonly rounds: number;
  /** How long one sample of one contestant takes at least; calls are repeated to fill it. */
  readonly sampleMs: number;
}

/** Microseconds a call: the median and the best of the rounds. */
export interface Pace {
  readonly medianUs: number;
  readonly bestUs: number;
}

/**
 * Times contestants in turn, round after round, so that a machine that slows down slows all of them. A sample is as many
 * calls as fill `sampleMs`, and counts as their mean.
 */
export async function race(
  contestants: readonly Contestant[],
  { rounds, sampleMs }: RaceOptions,
): Promise<Map<string, Pace>> {
  const calls = new Map<Contestant, number>();
  for (const contestant of contestants) calls.set(contestant, await callsIn(contestant, sampleMs));
  const samples = new Map<Contestant, number[]>(contestants.map((contestant) => [contestant, []]));
  for (let turn = 0; turn < rounds; turn++)
    for (const contestant of contestants)
      samples.get(contestant)!.push(await sampleUs(contestant, calls.get(contestant)!));
  return new Map(
    contestants.map((contestant) => {
      const taken = samples.get(contestant)!;
      return [contestant.name, { medianUs: median(taken), bestUs: Math.min(...taken) }];
    }),
  );
}

/**
 * How often to call to fill a sample; doubles as the warm-up. The fastest of some tries counts: one that the machine
 * interrupted would make samples of a single call.
 */
async function callsIn(contestant: Contestant, sampleMs: number): Promise<number> {
  for (let calls = 1; ; calls *= 2) {
    let us = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < 3; tries++) us = Math.min(us, await sampleUs(contestant, calls));
    if (us * calls >= sampleMs * 1_000) return Math.max(1, Math.round((sampleMs * 1_000) / us));
    if (calls >= 1 << 22) return calls;
  }
}

/** The first call is not timed: it brings back to the caches what the contestants before have displaced. */
async function sampleUs({ call }: Contestant, calls: number): Promise<number> {
  const first = call();
  const asynchronous = first instanceof Promise;
  await first;
  const started = performance.now();
  if (asynchronous) for (let i = 0; i < calls; i++) await call();
  else for (let i = 0; i < calls; i++) call();
  return ((performance.now() - started) * 1_000) / calls;
}

/** Enough digits of a time from nanoseconds to seconds. */
export function tidyUs(us: number): number {
  return us < 10 ? round(us) : Math.round(us * 10) / 10;
}
