import { z } from 'zod';
import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { SearchPlan } from '../domain/plan.ts';
import type { Coverage, LegCoverage } from '../domain/search-response.ts';
import { components } from './components.ts';
import { sourcedRuleSchema } from './rule.ts';
import { sourcedRuleToWire } from './rule-conversion.ts';

const recallLeg = z.enum(['vector', 'lexical', 'graph']);

/** What the planner gave a part, and what became of it. */
const times = {
  budget_ms: z.number(),
  estimated_ms: z.number(),
  actual_ms: z.number().nullable().meta({
    description:
      'As `ms` in `coverage`, of the run that made the list; null: it was not asked, or there is no answer of it yet.',
  }),
};

export const planSchema = z
  .strictObject({
    strategy: z.string(),
    embed: z.strictObject(times).nullable(),
    legs: z.array(
      z.strictObject({
        leg: recallLeg,
        depth: z.int(),
        ...times,
        after_embedding: z.boolean(),
      }),
    ),
    skipped: z.array(z.strictObject({ leg: recallLeg, reason: z.string() })),
    documents: z
      .strictObject(times)
      .nullable()
      .meta({ description: 'Reading candidates that are not in memory; null: all documents are.' }),
    predicate: z
      .strictObject({
        passing: z.int(),
        of: z.int(),
        pushdown: z.boolean(),
        drops: z
          .array(z.strictObject({ rule: sourcedRuleSchema.nullable(), documents: z.int() }))
          .meta({ description: 'Documents that each is the first to drop; rule null: the filter.' }),
      })
      .nullable()
      .meta({
        description:
          'How many documents pass the filter and the hard rules, and whether the legs are given both.',
      }),
    stages: z.array(z.string()),
    rank_depth: z.int(),
    estimated_ms: z.number(),
    rejected: z.array(
      z.strictObject({ strategy: z.string(), reason: z.string(), estimated_ms: z.number().nullable() }),
    ),
  })
  .register(components, { id: 'Plan' });

export type WirePlan = z.output<typeof planSchema>;

/** Microseconds are as fine as the clock is worth. */
export function roundMs(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

function timesToWire(
  { budgetMs, estimatedMs }: { readonly budgetMs: number; readonly estimatedMs: number },
  run: LegCoverage | undefined,
) {
  const isOver = run !== undefined && !['skipped', 'open', 'pending'].includes(run.state);
  return {
    budget_ms: roundMs(budgetMs),
    estimated_ms: roundMs(estimatedMs),
    actual_ms: isOver ? roundMs(run.ms) : null,
  };
}

/** @param coverage of the search that ran by the plan; empty before it did */
export function planToWire(plan: SearchPlan, coverage: Coverage, schema: CatalogueSchema): WirePlan {
  return {
    strategy: plan.strategy,
    embed: plan.embed && timesToWire(plan.embed, coverage.embedder),
    legs: plan.legs.map((leg) => ({
      leg: leg.leg,
      depth: leg.depth,
      ...timesToWire(leg, coverage[leg.leg]),
      after_embedding: leg.afterEmbedding,
    })),
    skipped: plan.skipped.map(({ leg, reason }) => ({ leg, reason })),
    documents: plan.documents && timesToWire(plan.documents, coverage.documents),
    predicate:
      plan.predicate === null
        ? null
        : {
            ...plan.predicate,
            drops: plan.predicate.drops.map(({ rule, documents }) => ({
              rule: rule === null ? null : sourcedRuleToWire(rule, schema),
              documents,
            })),
          },
    stages: [...plan.stages],
    rank_depth: plan.rankDepth,
    estimated_ms: roundMs(plan.estimatedMs),
    rejected: plan.rejected.map(({ strategy, reason, estimatedMs }) => ({
      strategy,
      reason,
      estimated_ms: estimatedMs === null ? null : roundMs(estimatedMs),
    })),
  };
}
