import { z } from 'zod';
import type { Coverage } from '../domain/search-response.ts';
import { components } from './components.ts';
import { roundMs } from './plan.ts';

const parts = ['vector', 'lexical', 'graph', 'policy', 'embedder', 'documents'] as const;

const legCoverageSchema = z
  .strictObject({
    state: z.enum(['ok', 'late', 'failed', 'skipped', 'open', 'pending']).meta({
      description:
        '`open`: its store keeps failing and was not asked. `pending` in provisional answers alone: it may still answer.',
    }),
    ms: z.number(),
    budget_ms: z.number(),
    candidates: z.int().min(0),
    reason: z.string().optional().meta({ description: 'A code for why it was skipped or failed.' }),
  })
  .register(components, { id: 'LegCoverage' });

/** What became of each leg, of the embedder, and of reading candidates that are not in memory. */
export const coverageSchema = z.partialRecord(z.enum(parts), legCoverageSchema);

export type WireCoverage = z.output<typeof coverageSchema>;

export function coverageToWire(coverage: Coverage): WireCoverage {
  const wire: WireCoverage = {};
  for (const part of parts) {
    const leg = coverage[part];
    if (leg === undefined) continue;
    wire[part] = {
      state: leg.state,
      ms: roundMs(leg.ms),
      budget_ms: roundMs(leg.budgetMs),
      candidates: leg.candidates,
      ...(leg.reason !== undefined && { reason: leg.reason }),
    };
  }
  return wire;
}
