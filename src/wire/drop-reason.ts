import { z } from 'zod';
import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { DropReason } from '../domain/search-response.ts';
import { sourcedRuleSchema } from './rule.ts';
import { sourcedRuleToWire } from './rule-conversion.ts';

const value = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]).nullable();

/** A hard rule that a document fails, and by what. */
export const dropReasonSchema = z.strictObject({
  rule: sourcedRuleSchema.nullable().meta({ description: "null: the search's own filter." }),
  value: value.meta({ description: "The document's value that it fails by; null where it has none." }),
});

export function dropReasonToWire(
  { rule, value: by }: DropReason,
  schema: CatalogueSchema,
): z.output<typeof dropReasonSchema> {
  return {
    rule: rule === null ? null : sourcedRuleToWire(rule, schema),
    value: isList(by) ? [...by] : by,
  };
}

function isList(given: unknown): given is readonly string[] {
  return Array.isArray(given);
}
