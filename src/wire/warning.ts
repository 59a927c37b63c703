import { z } from 'zod';
import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import { type Warning, warningCodes } from '../domain/warning.ts';
import { components } from './components.ts';
import { sourcedRuleSchema } from './rule.ts';
import { sourcedRuleToWire } from './rule-conversion.ts';

/** Why an answer is not quite what was asked for. */
export const warningSchema = z
  .strictObject({
    code: z.enum(warningCodes).meta({ description: 'Stable; what programs should branch on.' }),
    message: z.string(),
    rule: sourcedRuleSchema.optional().meta({ description: 'The rule that it is about.' }),
    wanted: z.number().optional().meta({ description: 'What a rule asks for.' }),
    got: z.number().optional().meta({ description: 'What the list allowed.' }),
  })
  .meta({
    examples: [
      {
        code: 'rule_infeasible',
        message: 'Only 1 of 2 wanted documents with "fr" could be placed within the first 10.',
        rule: {
          kind: 'minShare',
          facet: 'languages',
          value: 'fr',
          share: 0.2,
          within: 10,
          source: 'user',
          index: 0,
        },
        wanted: 2,
        got: 1,
      },
    ],
  })
  .register(components, { id: 'Warning' });

export type WireWarning = z.output<typeof warningSchema>;

export function warningToWire(
  { code, message, rule, wanted, got }: Warning,
  schema: CatalogueSchema,
): WireWarning {
  return {
    code,
    message,
    ...(rule !== undefined && { rule: sourcedRuleToWire(rule, schema) }),
    ...(wanted !== undefined && { wanted }),
    ...(got !== undefined && { got }),
  };
}
