import { z } from 'zod';
import { hardRuleKinds, listRuleKinds, type RuleKind, ruleSources, softRuleKinds } from '../domain/rule.ts';
import { limits } from '../limits.ts';
import { boundsShape, facetValueSchema, facetValuesSchema, hasBound, nameOfAny } from './bounds.ts';
import { components } from './components.ts';
import { idSchema } from './names.ts';

const kinds: readonly RuleKind[] = [...hardRuleKinds, ...softRuleKinds, ...listRuleKinds];

const missing = z.enum(['keep', 'drop']).default('drop').meta({
  description: 'What becomes of documents without the value (or with one that is not on the scale).',
});
const ids = z.array(idSchema).min(1).max(limits.predicateValuesMax);
const within = z
  .int()
  .min(1)
  .max(limits.rankDepthMax)
  .meta({ description: "First ranks of the whole list, at most the profile's `rank_depth`." });
const by = z
  .number()
  .gt(0)
  .max(limits.softRuleByMax)
  .meta({ description: 'Added to, or taken from, the score.' });

/** The members of each kind; a rule in an answer adds where it came from. */
const shapes = {
  exclude: { kind: z.literal('exclude'), facet: nameOfAny, values: facetValuesSchema },
  require: {
    kind: z.literal('require'),
    facet: nameOfAny,
    any: facetValuesSchema.optional(),
    all: facetValuesSchema.optional(),
    missing,
  },
  range: { kind: z.literal('range'), field: nameOfAny, ...boundsShape, missing },
  idsOnly: { kind: z.literal('idsOnly'), ids },
  idsExclude: { kind: z.literal('idsExclude'), ids },
  hideSeen: { kind: z.literal('hideSeen') },
  maxRating: {
    kind: z.literal('maxRating'),
    field: nameOfAny,
    value: z.string().min(1).max(limits.fieldStringCharsMax),
    missing,
  },
  freshness: {
    kind: z.literal('freshness'),
    field: nameOfAny,
    max_age_days: z.number().gt(0).max(limits.freshnessDaysMax),
    missing,
  },
  boost: { kind: z.literal('boost'), facet: nameOfAny, values: facetValuesSchema, by },
  bury: { kind: z.literal('bury'), facet: nameOfAny, values: facetValuesSchema, by },
  pin: {
    kind: z.literal('pin'),
    id: idSchema,
    rank: z.int().min(1).max(limits.rankDepthMax).meta({ description: 'From 1.' }),
  },
  quota: { kind: z.literal('quota'), facet: nameOfAny, max: z.int().min(1).max(limits.rankDepthMax), within },
  minShare: {
    kind: z.literal('minShare'),
    facet: nameOfAny,
    value: facetValueSchema,
    share: z.number().min(0).max(1),
    within,
  },
  spacing: { kind: z.literal('spacing'), facet: nameOfAny, gap: z.int().min(1).max(limits.spacingGapMax) },
};

const examples = [
  { kind: 'require', facet: 'genres', any: ['Comedy'] },
  { kind: 'maxRating', field: 'mpaa', value: 'PG' },
  { kind: 'range', field: 'released', gte: '1990-01-01', missing: 'keep' },
  { kind: 'boost', facet: 'genres', values: ['Drama'], by: 0.1 },
  { kind: 'pin', id: 'the-iron-giant-1999-08-04', rank: 1 },
  { kind: 'quota', facet: 'genres', max: 3, within: 10 },
];

/** One rule. What needs the catalogue is checked by parseRules. */
export const ruleSchema = z
  .discriminatedUnion(
    'kind',
    [
      z.strictObject(shapes.exclude),
      z
        .strictObject(shapes.require)
        .refine((rule) => (rule.any === undefined) !== (rule.all === undefined), 'needs either any or all'),
      z.strictObject(shapes.range).refine(hasBound, 'needs at least one of gte, gt, lte, lt'),
      z.strictObject(shapes.idsOnly),
      z.strictObject(shapes.idsExclude),
      z.strictObject(shapes.hideSeen),
      z.strictObject(shapes.maxRating),
      z.strictObject(shapes.freshness),
      z.strictObject(shapes.boost),
      z.strictObject(shapes.bury),
      z.strictObject(shapes.pin),
      z.strictObject(shapes.quota),
      z.strictObject(shapes.minShare),
      z.strictObject(shapes.spacing),
    ],
    // Only a `kind` that is none has no message of a member's own.
    { error: ({ code }) => (code === 'invalid_union' ? `must be one of ${kinds.join(', ')}` : undefined) },
  )
  .meta({
    description:
      'Hard rules drop documents, soft rules move scores within bounds, list-wise rules reorder. Facet values match ' +
      'exactly (NFC, case-sensitive); dates are ISO 8601 text.',
    examples,
  })
  .register(components, { id: 'Rule' });

export type WireRule = z.output<typeof ruleSchema>;

export const rulesSchema = z.array(ruleSchema).max(limits.rulesMax);

const origin = {
  source: z.enum(ruleSources).meta({ description: 'Who declared it, strongest first.' }),
  index: z.int().min(0).meta({ description: 'Position among the rules of its source, from 0.' }),
};

/** A rule with where it came from, as answers name it. */
export const sourcedRuleSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ ...shapes.exclude, ...origin }),
    z.strictObject({ ...shapes.require, ...origin }),
    z.strictObject({ ...shapes.range, ...origin }),
    z.strictObject({ ...shapes.idsOnly, ...origin }),
    z.strictObject({ ...shapes.idsExclude, ...origin }),
    z.strictObject({ ...shapes.hideSeen, ...origin }),
    z.strictObject({ ...shapes.maxRating, ...origin }),
    z.strictObject({ ...shapes.freshness, ...origin }),
    z.strictObject({ ...shapes.boost, ...origin }),
    z.strictObject({ ...shapes.bury, ...origin }),
    z.strictObject({ ...shapes.pin, ...origin }),
    z.strictObject({ ...shapes.quota, ...origin }),
    z.strictObject({ ...shapes.minShare, ...origin }),
    z.strictObject({ ...shapes.spacing, ...origin }),
  ])
  .meta({
    description: 'A rule, and where it was declared.',
    examples: [{ kind: 'pin', id: 'the-iron-giant-1999-08-04', rank: 1, source: 'tenant', index: 0 }],
  })
  .register(components, { id: 'SourcedRule' });

export type WireSourcedRule = z.output<typeof sourcedRuleSchema>;
