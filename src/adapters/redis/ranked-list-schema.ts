import { z } from 'zod';
import type { SearchPlan } from '../../domain/plan.ts';
import type { RankedList } from '../../domain/ranked-list.ts';
import { type Rule, ruleSources, type SourcedRule } from '../../domain/rule.ts';
import type { Coverage, LegCoverage, PathStep } from '../../domain/search-response.ts';
import { recallLegs } from '../../domain/signal.ts';
import { type Warning, warningCodes } from '../../domain/warning.ts';
import { limits } from '../../limits.ts';

/** Everything of a list but its numbers and its age, as it is stored in JSON. Each schema is checked against its type. */
export type ListText = Pick<
  RankedList,
  | 'id'
  | 'ids'
  | 'paths'
  | 'pinnedBy'
  | 'vectorOrigin'
  | 'coverage'
  | 'degraded'
  | 'warnings'
  | 'total'
  | 'plan'
  | 'backend'
  | 'nowMs'
  | 'digest'
> & {
  /** Wall clock of its making, milliseconds since 1970. */
  readonly madeEpochMs: number;
};

const id = z.string().min(1).max(limits.idCharsMax);
const facet = z.string();
const values = z.array(z.string());
const missing = z.enum(['drop', 'keep']);
const number = z.number();
const ms = z.number().min(0);
const count = z.int().min(0);

const rule: z.ZodType<Rule> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('exclude'), facet, values }),
  z.strictObject({ kind: z.literal('require'), facet, match: z.enum(['any', 'all']), values, missing }),
  z.strictObject({
    kind: z.literal('range'),
    field: z.string(),
    gte: number.exactOptional(),
    gt: number.exactOptional(),
    lte: number.exactOptional(),
    lt: number.exactOptional(),
    missing,
  }),
  z.strictObject({ kind: z.literal('idsOnly'), ids: z.array(id) }),
  z.strictObject({ kind: z.literal('idsExclude'), ids: z.array(id) }),
  z.strictObject({ kind: z.literal('hideSeen') }),
  z.strictObject({ kind: z.literal('maxRating'), field: z.string(), value: z.string(), missing }),
  z.strictObject({ kind: z.literal('freshness'), field: z.string(), maxAgeDays: number, missing }),
  z.strictObject({ kind: z.enum(['boost', 'bury']), facet, values, by: number }),
  z.strictObject({ kind: z.literal('pin'), id, rank: z.int().min(1) }),
  z.strictObject({ kind: z.literal('quota'), facet, max: count, within: count }),
  z.strictObject({
    kind: z.literal('minShare'),
    facet,
    value: z.string(),
    share: z.number().min(0).max(1),
    within: count,
  }),
  z.strictObject({ kind: z.literal('spacing'), facet, gap: count }),
]);

const source = z.enum(ruleSources);
const sourcedRule: z.ZodType<SourcedRule> = z.strictObject({ rule, source, index: count });

const warning: z.ZodType<Warning> = z.strictObject({
  code: z.enum(warningCodes),
  message: z.string(),
  rule: sourcedRule.exactOptional(),
  wanted: number.exactOptional(),
  got: number.exactOptional(),
});

const legCoverage: z.ZodType<LegCoverage> = z.strictObject({
  state: z.enum(['ok', 'late', 'failed', 'skipped', 'open', 'pending']),
  ms,
  budgetMs: ms,
  candidates: count,
  reason: z.string().exactOptional(),
});

const coverage: z.ZodType<Coverage> = z.strictObject({
  vector: legCoverage.exactOptional(),
  lexical: legCoverage.exactOptional(),
  graph: legCoverage.exactOptional(),
  policy: legCoverage.exactOptional(),
  embedder: legCoverage.exactOptional(),
  documents: legCoverage.exactOptional(),
});

const pathStep: z.ZodType<PathStep> = z.strictObject({
  type: z.string(),
  from: id,
  to: id,
  strength: number,
  shared: z.array(z.strictObject({ facet, values })).exactOptional(),
});

const leg = z.enum(recallLegs);
const strategy = z.enum([
  'VectorOnly',
  'LexicalOnly',
  'GraphOnly',
  'FilterOnly',
  'PolicyOnly',
  'HybridParallel',
  'HybridSequential',
  'CachedOnly',
]);

const budget = z.strictObject({ budgetMs: number, estimatedMs: number });

const plan: z.ZodType<SearchPlan> = z.strictObject({
  strategy,
  embed: budget.nullable(),
  legs: z.array(
    z.strictObject({ leg, depth: count, budgetMs: number, estimatedMs: number, afterEmbedding: z.boolean() }),
  ),
  skipped: z.array(z.strictObject({ leg, reason: z.string() })),
  documents: budget.nullable(),
  predicate: z
    .strictObject({
      passing: count,
      of: count,
      pushdown: z.boolean(),
      drops: z.array(z.strictObject({ rule: sourcedRule.nullable(), documents: count })),
    })
    .nullable(),
  stages: z.array(z.string()),
  rankDepth: count,
  estimatedMs: number,
  rejected: z.array(z.strictObject({ strategy, reason: z.string(), estimatedMs: number.nullable() })),
});

export const listTextSchema: z.ZodType<ListText> = z.strictObject({
  id: z.string().min(1).max(64),
  ids: z.array(id).max(limits.rankDepthMax),
  paths: z.array(z.array(pathStep).nullable()),
  pinnedBy: z.array(source.nullable()),
  vectorOrigin: z.enum(['query', 'embedding', 'like']),
  coverage,
  degraded: z.boolean(),
  warnings: z.array(warning),
  total: z.strictObject({ value: count, relation: z.enum(['eq', 'gte']) }),
  plan,
  backend: z.string(),
  nowMs: number,
  madeEpochMs: number,
  digest: z.string(),
});
