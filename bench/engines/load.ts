import { setTimeout } from 'node:timers/promises';
import type { ComposedTriptych } from '../../src/compose.ts';
import type { BenchContext, BenchResult } from '../case.ts';
import { round } from '../measure.ts';
import { historyOf, introduce, richPolicy } from '../person.ts';
import { fill } from '../service.ts';
import { type EnginesService, missingSettings, withEngines } from './service.ts';

/** Has a policy and a history. */
export const user = 'engines';
/** Has a policy and no history. */
export const newcomer = 'engines-new';
/** How many ask at once. */
export const clientCounts = [1, 8, 32] as const;

export const clientsOf = (clients: number): string => `${clients} client${clients === 1 ? '' : 's'}`;

/** Over the real stores, filled; without settings of them nothing is measured, and that is said. */
export async function overEngines(
  context: BenchContext,
  measure: (service: EnginesService, loadSeconds: number) => Promise<BenchResult>,
): Promise<BenchResult> {
  const missing = missingSettings(process.env);
  if (missing.length > 0)
    return {
      measurements: [],
      notes: [`not run: ${missing.join(', ')} are not set; npm run bench:engines sets them`],
    };
  return withEngines(async (service) => measure(service, await load(context, service.open)));
}

/** @returns seconds until everything is in every store */
async function load({ catalogue, say }: BenchContext, open: ComposedTriptych): Promise<number> {
  const startedMs = performance.now();
  await fill(open, catalogue);
  await caughtUp(open);
  const seconds = round((performance.now() - startedMs) / 1_000);
  say(`loaded in ${seconds} s`);
  await introduce(open, user, richPolicy(catalogue), historyOf(user, catalogue, 40));
  await introduce(open, newcomer, richPolicy(catalogue), []);
  return seconds;
}

/** Waits until every index outside the process has what is committed. */
async function caughtUp({ service }: ComposedTriptych): Promise<void> {
  for (;;) {
    const { parts } = await service.readiness();
    if (['milvus', 'neo4j', 'words'].every((name) => parts[name]?.ok !== false)) return;
    await setTimeout(100);
  }
}
