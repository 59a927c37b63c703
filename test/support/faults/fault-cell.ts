import type { SearchResponse } from '../../../src/domain/search-response.ts';
import type { TriptychError } from '../../../src/errors.ts';
import type { StoreName } from '../../../src/ports/store-caller.ts';
import { answerProblems, lateWithoutCause } from './answer-problems.ts';
import type { Answer, FaultService } from './fault-service.ts';

/** Searches under one fault. */
export interface FaultCell {
  /** How long each caller waited, in ms, ascending. */
  readonly waits: readonly number[];
  readonly degraded: number;
  /** How many were an error instead of an answer. */
  readonly errors: number;
  readonly problems: readonly string[];
}

export interface CellOptions {
  readonly count: number;
  readonly together: number;
  readonly timeoutMs: number;
  /** Which stores are at fault. */
  readonly faulty: readonly StoreName[];
}

/** Beyond the deadline: what it takes to make an answer of what is there. */
const marginMs = 25;

/** What a search keeps of its deadline for scoring. */
const reserveMs = 20;

/**
 * Asks while a store is at fault, `together` at once.
 *
 * On a busy machine this process stands still now and then, and no service can help that: an answer may come later than
 * the deadline by a margin and by all such times, and be an error where they were longer than what is kept for
 * scoring. No more than half of them, else nothing was shown.
 * @param good the whole answers, by question
 */
export async function askUnderFault(
  service: FaultService,
  good: readonly SearchResponse[],
  { count, together, timeoutMs, faulty }: CellOptions,
): Promise<FaultCell> {
  const seen: Seen = { waits: [], problems: [], degraded: 0, errors: 0, late: 0, starved: 0 };
  for (let asked = 0; asked < count; asked += together) {
    const questions = Array.from(
      { length: Math.min(together, count - asked) },
      (_, n) => (asked + n) % good.length,
    );
    const { answers, stoodStillMs } = await whileWatched(() =>
      Promise.all(questions.map((i) => service.ask(i, timeoutMs))),
    );
    const allowedMs = timeoutMs + marginMs + stoodStillMs;
    for (const [n, answer] of answers.entries()) {
      const i = questions[n]!;
      const problems = judge(answer, good[i]!, { i, faulty, allowedMs, stoodStillMs }, seen);
      seen.problems.push(...problems.map((problem) => `question ${i}: ${problem}`));
    }
  }
  const { waits, problems, degraded, errors, late, starved } = seen;
  if (late > count / 2)
    problems.push(`legs of stores that are well were late in ${late} of ${count} answers`);
  if (starved > count / 2) problems.push(`the machine was too busy for ${starved} of ${count} answers`);
  return { waits: waits.sort((a, b) => a - b), degraded, errors, problems };
}

/** What was seen so far. */
interface Seen {
  readonly waits: number[];
  readonly problems: string[];
  degraded: number;
  errors: number;
  /** Answers in which a leg was late whose store is well, ... */
  late: number;
  /** ... and errors of a process that stood still. */
  starved: number;
}

interface Circumstances {
  readonly i: number;
  readonly faulty: readonly StoreName[];
  readonly allowedMs: number;
  readonly stoodStillMs: number;
}

/** What a search ends with that got no turn: before scoring, or before any leg answered. */
const starvedCodes: readonly string[] = ['deadline_exceeded', 'unavailable'];

/** Counts one answer in `seen`. @returns what is wrong with it */
function judge(
  { response, error, ms }: Answer,
  good: SearchResponse,
  { i, faulty, allowedMs, stoodStillMs }: Circumstances,
  seen: Seen,
): string[] {
  seen.waits.push(ms);
  const slow = ms > allowedMs ? [`took ${ms.toFixed(0)} ms, ${allowedMs.toFixed(0)} allowed`] : [];
  if (response !== null) {
    if (response.degraded) seen.degraded += 1;
    if (lateWithoutCause(response, faulty)) seen.late += 1;
    return [...slow, ...answerProblems(i, response, good, faulty)];
  }
  seen.errors += 1;
  if (stoodStillMs > reserveMs && starvedCodes.includes((error as TriptychError).code)) {
    seen.starved += 1;
    return slow;
  }
  return [...slow, `no answer, and the process stood still for ${stoodStillMs.toFixed(0)} ms: ${error}`];
}

const tickMs = 1;
/** The event loop stood still where a timer of `tickMs` comes later than this; on an idle machine few do. */
const tickMsMax = 2;

/** @returns what the work gave, and how long the event loop stood still meanwhile, in all */
async function whileWatched<T>(work: () => Promise<T>): Promise<{ answers: T; stoodStillMs: number }> {
  let stoodStillMs = 0;
  let last = performance.now();
  const tick = (): void => {
    const now = performance.now();
    if (now - last > tickMsMax) stoodStillMs += now - last - tickMs;
    last = now;
  };
  const timer = setInterval(tick, tickMs);
  const answers = await work();
  clearInterval(timer);
  tick();
  return { answers, stoodStillMs };
}
