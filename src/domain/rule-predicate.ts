import { dayMs } from '../std/day.ts';
import type { CatalogueSchema } from './catalogue-schema.ts';
import { everything, nothing, type Predicate } from './predicate.ts';
import type { HardRule, Missing } from './rule.ts';

/** What a hard rule needs to know beside the catalogue's schema. */
export interface RuleFacts {
  /** The request's frozen now, milliseconds since 1970. */
  readonly nowMs: number;
  /** Ids of what the user has seen; null without a user. */
  readonly seen: readonly string[] | null;
}

export interface RulePredicate {
  /** True for the documents that the rule lets pass. Names only facets and fields that the schema has. */
  readonly predicate: Predicate;
  /**
   * The facet or field that the schema does not have (any more), or not as the rule needs it: of another type, without
   * a scale, or without the rule's value on it. Then `exclude` lets everything pass, and every other rule nothing,
   * unless it keeps what has no value. null: all is well.
   */
  readonly unknown: string | null;
}

/**
 * A hard rule as a predicate. It is two-valued as filters are: a test of a missing value, or of one that is not on the
 * field's scale, is false; `missing: 'keep'` adds those documents.
 * @returns null where the rule says nothing: `hideSeen` without a user
 */
export function rulePredicate(
  rule: HardRule,
  schema: CatalogueSchema,
  facts: RuleFacts,
): RulePredicate | null {
  switch (rule.kind) {
    case 'exclude':
      if (!schema.facets.includes(rule.facet)) return { predicate: everything, unknown: rule.facet };
      return known({ kind: 'not', of: facet(rule.facet, 'any', rule.values) });
    case 'require':
      if (!schema.facets.includes(rule.facet)) return unknown(rule.facet, rule.missing);
      return known(
        orMissing(facet(rule.facet, rule.match, rule.values), rule.missing, {
          kind: 'hasFacet',
          facet: rule.facet,
        }),
      );
    case 'range': {
      const { missing, ...range } = rule;
      return within(range, missing, schema, ['number', 'date']);
    }
    case 'freshness': {
      const gte = facts.nowMs - rule.maxAgeDays * dayMs;
      return within({ kind: 'range', field: rule.field, gte }, rule.missing, schema, ['date']);
    }
    case 'maxRating':
      return upTo(rule, schema);
    case 'idsOnly':
      return known({ kind: 'ids', ids: rule.ids });
    case 'idsExclude':
      return known({ kind: 'not', of: { kind: 'ids', ids: rule.ids } });
    case 'hideSeen':
      return facts.seen === null ? null : known({ kind: 'not', of: { kind: 'ids', ids: facts.seen } });
  }
}

function known(predicate: Predicate): RulePredicate {
  return { predicate, unknown: null };
}

/** What the schema does not know, no document has. */
function unknown(name: string, missing: Missing): RulePredicate {
  return { predicate: missing === 'keep' ? everything : nothing, unknown: name };
}

function facet(name: string, match: 'any' | 'all', values: readonly string[]): Predicate {
  return { kind: 'facet', facet: name, match, values };
}

function orMissing(test: Predicate, missing: Missing, present: Predicate): Predicate {
  return missing === 'keep' ? { kind: 'or', of: [test, { kind: 'not', of: present }] } : test;
}

function within(
  range: Extract<Predicate, { kind: 'range' }>,
  missing: Missing,
  schema: CatalogueSchema,
  types: readonly ('number' | 'date')[],
): RulePredicate {
  const type = typeOf(schema, range.field);
  if (!types.some((wanted) => wanted === type)) return unknown(range.field, missing);
  return known(orMissing(range, missing, { kind: 'hasField', field: range.field }));
}

/** Values of the scale up to and including the rule's; to keep the rest but what is above it is to drop that alone. */
function upTo(rule: Extract<HardRule, { kind: 'maxRating' }>, schema: CatalogueSchema): RulePredicate {
  const { field, value, missing } = rule;
  const scaleName = typeOf(schema, field) === 'keyword' ? schema.fields[field]!.scale : undefined;
  const scale =
    scaleName !== undefined && Object.hasOwn(schema.scales, scaleName) ? schema.scales[scaleName]! : [];
  const place = scale.indexOf(value);
  if (place < 0) return unknown(field, missing);
  if (missing === 'drop') return known({ kind: 'in', field, values: scale.slice(0, place + 1) });
  return known({ kind: 'not', of: { kind: 'in', field, values: scale.slice(place + 1) } });
}

function typeOf(schema: CatalogueSchema, field: string): string | undefined {
  return Object.hasOwn(schema.fields, field) ? schema.fields[field]!.type : undefined;
}
