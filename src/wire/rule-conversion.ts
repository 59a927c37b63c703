import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { Rule, SourcedRule } from '../domain/rule.ts';
import { ruleProblems } from '../domain/rule-check.ts';
import { distinctNfc } from '../std/distinct-nfc.ts';
import { boundsToWire, parseBounds } from './bounds.ts';
import type { Problems } from './problems.ts';
import type { WireRule, WireSourcedRule } from './rule.ts';

/** What rules are checked against. */
export interface RuleContext {
  readonly schema: CatalogueSchema;
  /** Ranks that list-wise rules order: the profile's R, or the largest one where any profile may rank. */
  readonly rankDepth: number;
  /** Default limits.rulesMax. */
  readonly rulesMax?: number;
}

/** Checks wire rules against the catalogue and gives the domain's; what is wrong goes to `problems`, below `path`. */
export function parseRules(
  wire: readonly WireRule[],
  context: RuleContext,
  path: string,
  problems: Problems,
): Rule[] {
  const rules = toRules(wire, context.schema, path, problems);
  const { schema, rankDepth, rulesMax } = context;
  const bounds = { rankDepthMax: rankDepth, path, ...(rulesMax !== undefined && { rulesMax }) };
  for (const { code, path: at, message } of ruleProblems(schema, rules, bounds))
    problems.add(code, at, message);
  return rules;
}

/** The domain's rules, checked only as far as their form needs it: bounds that do not fit their field. */
export function toRules(
  wire: readonly WireRule[],
  schema: CatalogueSchema,
  path: string,
  problems: Problems,
): Rule[] {
  return wire.map((rule, index) => toRule(rule, schema, `${path}[${index}]`, problems));
}

function toRule(wire: WireRule, schema: CatalogueSchema, path: string, problems: Problems): Rule {
  switch (wire.kind) {
    case 'exclude':
    case 'boost':
    case 'bury':
      return { ...wire, values: distinctNfc(wire.values) };
    case 'require': {
      const { kind, facet, any, all, missing } = wire;
      const match = any === undefined ? 'all' : 'any';
      return { kind, facet, match, values: distinctNfc(any ?? all ?? []), missing };
    }
    case 'range': {
      const { kind, field, missing } = wire;
      const type = fieldType(schema, field);
      // Of a field that is not there nothing more can be said than that.
      const bounds = type === null ? { gte: 0 } : parseBounds(wire, type, path, problems);
      return { kind, field, ...bounds, missing };
    }
    case 'idsOnly':
    case 'idsExclude':
      return { kind: wire.kind, ids: [...new Set(wire.ids)] };
    case 'maxRating':
    case 'minShare':
      return { ...wire, value: wire.value.normalize('NFC') };
    case 'freshness': {
      const { max_age_days, ...rest } = wire;
      return { ...rest, maxAgeDays: max_age_days };
    }
    default:
      return { ...wire };
  }
}

/** A rule as a request would write it. Bounds of dates become ISO text where the schema (still) says that they are dates. */
export function ruleToWire(rule: Rule, schema: CatalogueSchema): WireRule {
  switch (rule.kind) {
    case 'exclude':
    case 'boost':
    case 'bury':
      return { ...rule, values: [...rule.values] };
    case 'require': {
      const { kind, facet, match, values, missing } = rule;
      return { kind, facet, [match]: [...values], missing };
    }
    case 'range': {
      const { kind, field, missing } = rule;
      return { kind, field, ...boundsToWire(rule, fieldType(schema, field) ?? 'number'), missing };
    }
    case 'idsOnly':
    case 'idsExclude':
      return { ...rule, ids: [...rule.ids] };
    case 'freshness': {
      const { kind, field, maxAgeDays, missing } = rule;
      return { kind, field, max_age_days: maxAgeDays, missing };
    }
    default:
      return { ...rule };
  }
}

export function sourcedRuleToWire(
  { rule, source, index }: SourcedRule,
  schema: CatalogueSchema,
): WireSourcedRule {
  return { ...ruleToWire(rule, schema), source, index };
}

function fieldType(schema: CatalogueSchema, field: string) {
  return Object.hasOwn(schema.fields, field) ? schema.fields[field]!.type : null;
}
