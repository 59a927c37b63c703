import { z } from 'zod';
import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { SearchPlan } from '../domain/plan.ts';
import { components } from './components.ts';
import { sourcedRuleSchema } from './rule.ts';
import { sourcedRuleToWire } from './rule-conversion.ts';

const recallLeg = z.enum(['vector', 'lexical', 'graph']);

export const planSchema = z
  .strictObject({
    strategy: z.string(),
    embed: z.strictObject({ budget_ms: z.number(), estimated_ms: z.number() }).nullable(),
    legs: z.array(
      z.strictObject({
        leg: recallLeg,
        depth: z.int(),
        budget_ms: z.number(),
        estimated_ms: z.number(),
        after_embedding: z.boolean(),
      }),
    ),
    skipped: z.array(z.strictObject({ leg: recallLeg, reason: z.string() })),
    documents: z
      .strictObject({ budget_ms: z.number(), estimated_ms: z.number() })
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

function budgetToWire(part: SearchPlan['embed']): WirePlan['embed'] {
  if (part === null) return null;
  return { budget_ms: roundMs(part.budgetMs), estimated_ms: roundMs(part.estimatedMs) };
}

export function planToWire(plan: SearchPlan, schema: CatalogueSchema): WirePlan {
  return {
    strategy: plan.strategy,
    embed: budgetToWire(plan.embed),
    legs: plan.legs.map((leg) => ({
      leg: leg.leg,
      depth: leg.depth,
      budget_ms: roundMs(leg.budgetMs),
      estimated_ms: roundMs(leg.estimatedMs),
      after_embedding: leg.afterEmbedding,
    })),
    skipped: plan.skipped.map(({ leg, reason }) => ({ leg, reason })),
    documents: budgetToWire(plan.documents),
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
