import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { SearchResponse } from '../../../src/domain/search-response.ts';
import type { StoreName } from '../../../src/ports/store-caller.ts';
import { answerProblems, lateWithoutCause } from './answer-problems.ts';
import type { FaultService } from './fault-service.ts';

/** Searches under one fault. */
export interface FaultCell {
  /** How long each caller waited, in ms, ascending. */
  readonly waits: readonly number[];
  readonly degraded: number;
  /** How many were an error instead of an answer. */
  readonly errors: number;
  readonly problems: readonly string[];
}

/** Beyond the deadline: what it takes to make an answer of what is there. */
const marginMs = 25;

/**
 * Asks while a store is at fault, `together` at once.
 * An answer may come later than the deadline by a margin, and by as much as this process itself stood still meanwhile.
 * @param good the whole answers, by question
 */
export async function askUnderFault(
  service: FaultService,
  good: readonly SearchResponse[],
  {
    count,
    together,
    timeoutMs,
    faulty,
  }: { count: number; together: number; timeoutMs: number; faulty: StoreName },
): Promise<FaultCell> {
  const waits: number[] = [];
  const problems: string[] = [];
  let [degraded, errors, late] = [0, 0, 0];
  const standstill = monitorEventLoopDelay({ resolution: 1 });
  standstill.enable();
  for (let asked = 0; asked < count; asked += together) {
    standstill.reset();
    const questions = Array.from(
      { length: Math.min(together, count - asked) },
      (_, n) => (asked + n) % good.length,
    );
    const answers = await Promise.all(questions.map((i) => service.ask(i, timeoutMs)));
    const allowedMs = timeoutMs + marginMs + standstill.max / 1e6;
    for (const [n, { response, error, ms }] of answers.entries()) {
      const i = questions[n]!;
      waits.push(ms);
      if (ms > allowedMs)
        problems.push(`question ${i} took ${ms.toFixed(0)} ms, ${allowedMs.toFixed(0)} allowed`);
      if (response === null) {
        errors += 1;
        problems.push(`question ${i} has no answer: ${String(error)}`);
        continue;
      }
      if (response.degraded) degraded += 1;
      if (lateWithoutCause(response, [faulty])) late += 1;
      problems.push(
        ...answerProblems(i, response, good[i]!, [faulty]).map((problem) => `question ${i}: ${problem}`),
      );
    }
  }
  standstill.disable();
  if (late > count / 2)
    problems.push(`legs of stores that are well were late in ${late} of ${count} answers`);
  return { waits: waits.sort((a, b) => a - b), degraded, errors, problems };
}
