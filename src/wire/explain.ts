import { z } from 'zod';
import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { SourcedRule } from '../domain/rule.ts';
import type { WhyNot } from '../domain/search-response.ts';
import { signalNames } from '../domain/signal.ts';
import { components } from './components.ts';
import { coverageSchema, coverageToWire } from './coverage.ts';
import { dropReasonSchema, dropReasonToWire } from './drop-reason.ts';
import { roundMs } from './plan.ts';
import { sourcedRuleSchema } from './rule.ts';
import { sourcedRuleToWire } from './rule-conversion.ts';
import {
  legNamesSchema,
  pathStepSchema,
  pathStepToWire,
  ranksSchema,
  signalSchema,
} from './search-response.ts';
import { warningSchema, warningToWire } from './warning.ts';

/** Answer of `POST /v1/explain`. */
export const explainResponseSchema = z
  .strictObject({
    id: z.string(),
    title: z.string(),
    outcome: z.enum(['ranked', 'dropped', 'seed', 'below_floor', 'not_recalled']).meta({
      description:
        'ranked: it is in the list. dropped: by a hard rule or the filter. seed: it is one of `like`. below_floor: it ' +
        'was scored, too low for the list, or pushed off its end by pins. not_recalled: it would be in the list, had a leg ' +
        'brought it.',
    }),
    in_window: z.boolean().meta({ description: 'Whether a leg brought it.' }),
    sources: legNamesSchema,
    score: z.number().meta({ description: 'The exact score, also where it is not in the list.' }),
    floor: z
      .number()
      .nullable()
      .meta({ description: 'The score that the list asks for; null while it has room for more.' }),
    dropped_by: z.array(dropReasonSchema).meta({ description: 'Every hard rule that it fails.' }),
    pushed_by: z.array(
      z.strictObject({
        stage: z.enum(['diversity', 'rules']),
        ranks: z.int().meta({ description: 'By how many ranks the stage moved it down.' }),
        rule: sourcedRuleSchema.nullable(),
      }),
    ),
    adjusted_by: z
      .array(
        z.strictObject({
          rule: sourcedRuleSchema,
          by: z
            .number()
            .meta({ description: 'More than 0: boosted; less: buried. Before the sum is clamped.' }),
        }),
      )
      .meta({ description: 'Soft rules that apply to it.' }),
    ranks: ranksSchema.nullable().meta({ description: 'The rank after each stage; null outside the list.' }),
    signals: z.partialRecord(z.enum(signalNames), signalSchema),
    path: z.array(pathStepSchema).nullable(),
    coverage: coverageSchema,
    degraded: z.boolean(),
    warnings: z.array(warningSchema),
    took_ms: z.number().min(0),
    request_id: z.string(),
  })
  .meta({
    description: 'Why a document is, or is not, where somebody expected it.',
    examples: [
      {
        id: 'alien-1979-05-25',
        title: 'Alien',
        outcome: 'dropped',
        in_window: true,
        sources: ['vector'],
        score: 0.41,
        floor: null,
        dropped_by: [
          {
            rule: {
              kind: 'maxRating',
              field: 'mpaa',
              value: 'PG',
              missing: 'drop',
              source: 'context',
              index: 0,
            },
            value: 'R',
          },
        ],
        pushed_by: [],
        adjusted_by: [],
        ranks: null,
        signals: { similarity: { value: 0.6, weight: 0.4, contribution: 0.24 } },
        path: null,
        coverage: { vector: { state: 'ok', ms: 1.2, budget_ms: 200, candidates: 300 } },
        degraded: false,
        warnings: [],
        took_ms: 3.4,
        request_id: '4f7d0c1e-6a53-4a6e-9f0c-0a4a3b0f1f57',
      },
    ],
  })
  .register(components, { id: 'ExplainResponse' });

export type WireExplainResponse = z.output<typeof explainResponseSchema>;

export function explainToWire(why: WhyNot, schema: CatalogueSchema, requestId: string): WireExplainResponse {
  const ruleToWire = (rule: SourcedRule) => sourcedRuleToWire(rule, schema);
  return {
    id: why.id,
    title: why.title,
    outcome: why.outcome,
    in_window: why.inWindow,
    sources: [...why.sources],
    score: why.score,
    floor: why.floor,
    dropped_by: why.droppedBy.map((reason) => dropReasonToWire(reason, schema)),
    pushed_by: why.pushedBy.map(({ stage, ranks, rule }) => ({
      stage,
      ranks,
      rule: rule === null ? null : ruleToWire(rule),
    })),
    adjusted_by: why.adjustedBy.map(({ rule, by }) => ({ rule: ruleToWire(rule), by })),
    ranks: why.ranks === null ? null : { ...why.ranks },
    signals: { ...why.signals },
    path: why.path === null ? null : why.path.map(pathStepToWire),
    coverage: coverageToWire(why.coverage),
    degraded: why.degraded,
    warnings: why.warnings.map((warning) => warningToWire(warning, schema)),
    took_ms: roundMs(why.tookMs),
    request_id: requestId,
  };
}
