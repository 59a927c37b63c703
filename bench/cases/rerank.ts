import type { BenchCase } from '../case.ts';
import { random } from '../random.ts';
import { goalRow } from '../rerank/goal.ts';
import { hot } from '../rerank/hot.ts';
import {
  lastLevelCacheMib,
  type MachineLimits,
  measureLimits,
  processorFacts,
} from '../rerank/machine-limits.ts';
import { loadPeers } from '../rerank/peers.ts';
import type { RerankBenchContext, Section } from '../rerank/section.ts';

export const rerank: BenchCase = {
  name: 'rerank',
  description: 'the goals of the re-rank engine against peers and the limits of the machine',
  run: async ({ size, seed, say }) => {
    const full = size === 'full';
    const peers = await loadPeers();
    const cacheMib = lastLevelCacheMib();
    const coldMib = full ? 10 * cacheMib + 16 : 8;
    const limits = limitsOrReason(coldMib);
    const context: RerankBenchContext = {
      size,
      next: random(seed),
      dimension: full ? 768 : 64,
      race: full ? { rounds: 31, sampleMs: 3 } : { rounds: 3, sampleMs: 0.2 },
      peers,
      limits: typeof limits === 'string' ? null : limits,
      say,
    };
    const sections: Section[] = [await hot(context)];
    const goals = sections.flatMap((section) => section.goals);
    return {
      measurements: [],
      notes: [
        ...Object.entries(peers.missing).map(([name, reason]) => `without ${name}: ${reason}`),
        ...(typeof limits === 'string' ? [limits] : []),
        ...sections.flatMap((section) => section.notes),
      ],
      tables: {
        goals: goals.map(goalRow),
        timings: sections.flatMap((section) => section.timings).map((timing) => ({ ...timing })),
        limits: typeof limits === 'string' ? [] : limitRows(limits),
        processor: [processorFacts()],
      },
    };
  },
};

/** The machine's limits, or why there are none. */
function limitsOrReason(coldMib: number): MachineLimits | string {
  try {
    return measureLimits(coldMib);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0]! : String(error);
    return `no roofline: ${reason}`;
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
