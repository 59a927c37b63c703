import type { BenchCase } from '../case.ts';
import { random } from '../random.ts';
import { boundary } from '../rerank/boundary.ts';
import { cold } from '../rerank/cold.ts';
import { diversity } from '../rerank/diversity.ts';
import { fusion } from '../rerank/fusion.ts';
import { goalRow, verdictOf } from '../rerank/goal.ts';
import { hot } from '../rerank/hot.ts';
import { loopDelay } from '../rerank/loop-delay.ts';
import {
  bestLimits,
  lastLevelCacheMib,
  type MachineLimits,
  measureLimits,
  processorFacts,
} from '../rerank/machine-limits.ts';
import { openRigs } from '../rerank/native-rig.ts';
import { loadPeers } from '../rerank/peers.ts';
import { recall } from '../rerank/recall.ts';
import type { RerankBenchContext, Section } from '../rerank/section.ts';
import { select } from '../rerank/select.ts';
import { steady } from '../rerank/steady.ts';
import { threads } from '../rerank/threads.ts';
import { wireCost } from '../rerank/wire-cost.ts';

export const rerank: BenchCase = {
  name: 'rerank',
  description: 'the goals of the re-rank engine against peers and the limits of the machine',
  run: async ({ size, seed, say }) => {
    const full = size === 'full';
    const peers = await loadPeers();
    const rigs = openRigs();
    const coldMib = full ? 10 * lastLevelCacheMib() + 16 : 8;
    const limits = limitsOrReason(coldMib);
    const context: RerankBenchContext = {
      size,
      next: random(seed),
      dimension: full ? 768 : 64,
      // Short samples, many of them: what else runs on the machine then spoils few, and the median none.
      race: full ? { rounds: 61, sampleMs: 1 } : { rounds: 3, sampleMs: 0.2 },
      peers,
      rigs: typeof rigs === 'string' ? [] : rigs,
      limits: typeof limits === 'string' ? null : limits,
      coldMib,
      say,
    };
    const sections = await runSections(context);
    const goals = sections.flatMap((section) => section.goals);
    const verdicts = goals.map(verdictOf);
    const count = (verdict: string): number => verdicts.filter((one) => one === verdict).length;
    return {
      measurements: [
        {
          name: 'goals',
          values: { pass: count('pass'), miss: count('MISS'), not_measured: count('not measured') },
        },
      ],
      notes: [
        ...(full ? [] : ['a small run: every part works, the figures and verdicts mean nothing']),
        ...Object.entries(peers.missing).map(([name, reason]) => `without ${name}: ${reason}`),
        ...(typeof rigs === 'string' ? [rigs] : []),
        ...(typeof limits === 'string' ? [limits] : []),
        ...sections.flatMap((section) => section.notes),
      ],
      tables: {
        timings: sections.flatMap((section) => section.timings).map((one) => ({ ...one })),
        limits: context.limits === null ? [] : limitRows(context.limits),
        processor: [processorFacts()],
        goals: goals.map(goalRow),
      },
    };
  },
};

/** The parts in turn; the limits are measured once more before the parts that are held to them alone. */
async function runSections(context: RerankBenchContext): Promise<Section[]> {
  const measured = await hot(context);
  const again = context.limits === null ? null : limitsOrReason(context.coldMib);
  const limits =
    context.limits === null || again === null || typeof again === 'string'
      ? context.limits
      : bestLimits(context.limits, again);
  const later = { ...context, limits };
  const sections: Section[] = [measured];
  const parts: readonly (readonly [string, () => Promise<Section>])[] = [
    ['cold rows', () => cold(later, measured.paces)],
    ['recall of the tiers', () => recall(later)],
    ['selection', () => select(later)],
    ['whole requests', () => fusion(later)],
    ['the boundary', () => boundary(later)],
    ['the event loop', () => loopDelay(later)],
    ['diversity', () => diversity(later)],
    ['two threads', () => threads(later)],
    ['a long run', () => steady(later)],
    ['the wire', () => wireCost(later, measured.paces)],
  ];
  for (const [name, part] of parts) {
    context.say(`${name} ...`);
    sections.push(await part());
  }
  return sections;
}

/** The machine's limits, or why there are none. */
function limitsOrReason(coldMib: number): MachineLimits | string {
  try {
    return measureLimits(coldMib);
  } catch (error) {
    // A compiler's complaint begins below the command.
    const lines = error instanceof Error ? error.message.split('\n') : [String(error)];
    return `no roofline: ${lines.slice(0, 2).join(': ')}`;
  }
}

function limitRows({ isas, cold_mib }: MachineLimits): Record<string, number | string>[] {
  return isas.map(({ isa, fma_gflops, read_gbps, read_2t_gbps, cold_one_row_ns }) => ({
    isa,
    fma_gflops,
    ...Object.fromEntries(
      Object.entries(read_gbps).map(([kib, gbps]) => [
        kib === 'cold' ? 'read_cold_gbps' : `read_${kib}_kib_gbps`,
        gbps,
      ]),
    ),
    read_cold_2t_gbps: read_2t_gbps,
    cold_one_row_ns,
    cold_mib,
  }));
}
