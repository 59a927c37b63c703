import type { ErrorCode, FieldProblem } from '../errors.ts';
import { limits } from '../limits.ts';
import { jsonPath } from '../std/json-path.ts';
import type { CatalogueSchema, FieldType } from './catalogue-schema.ts';
import type { Rule } from './rule.ts';
import { facetValueProblem, idProblem, unknownFacet, unknownField } from './value-check.ts';

/** `code` is what an error is called that this problem alone would raise. */
export interface RuleProblem extends FieldProblem {
  readonly code: Extract<ErrorCode, 'invalid_request' | 'unknown_field'>;
}

export interface RuleBounds {
  /** R: ranks that list-wise rules order. A pin or a `within` beyond it could never hold. */
  readonly rankDepthMax: number;
  /** Where the list stands in what its sender wrote (`constraints`); paths are below it. */
  readonly path?: string;
  /** Default limits.rulesMax. */
  readonly rulesMax?: number;
}

/**
 * What is wrong with a list of rules that have the right shape: facets and fields the schema does not know, values off
 * a scale, numbers out of range, two pins that want one rank or one document. Empty when they may be stored or asked.
 * At most limits.errorFieldsMax problems; paths name members as the wire does (`constraints[2].max_age_days`). The
 * wire asks it for everything, the service once more for what it stores; a library's searches are taken as
 * parseSearchRequest made them.
 */
export function ruleProblems(
  schema: CatalogueSchema,
  rules: readonly Rule[],
  bounds: RuleBounds,
): RuleProblem[] {
  const problems: RuleProblem[] = [];
  for (const problem of allProblems(schema, rules, bounds)) {
    problems.push(problem);
    if (problems.length >= limits.errorFieldsMax) break;
  }
  return problems;
}

function* allProblems(
  schema: CatalogueSchema,
  rules: readonly Rule[],
  { rankDepthMax, path = '', rulesMax = limits.rulesMax }: RuleBounds,
): Generator<RuleProblem> {
  if (rules.length > rulesMax)
    yield* invalid(jsonPath([], path), `must have at most ${rulesMax} rules, not ${rules.length}`);
  const pinned = { ids: new Map<string, number>(), ranks: new Map<number, number>() };
  for (const [index, rule] of rules.entries()) {
    const at = (member: string) => `${path}[${index}].${member}`;
    yield* oneRuleProblems(schema, rule, rankDepthMax, at);
    if (rule.kind !== 'pin') continue;
    yield* repeated(pinned.ids, rule.id, index, path, at('id'));
    yield* repeated(pinned.ranks, rule.rank, index, path, at('rank'));
  }
}

type At = (member: string) => string;

function* oneRuleProblems(
  schema: CatalogueSchema,
  rule: Rule,
  rankDepthMax: number,
  at: At,
): Generator<RuleProblem> {
  switch (rule.kind) {
    case 'exclude':
    case 'boost':
    case 'bury':
      yield* facetProblems(schema, rule.facet, at);
      yield* valuesProblems(rule.values, at('values'), facetValueProblem);
      if (rule.kind !== 'exclude' && !(rule.by > 0 && rule.by <= limits.softRuleByMax))
        yield* invalid(at('by'), `must be more than 0 and at most ${limits.softRuleByMax}`);
      return;
    case 'require':
      yield* facetProblems(schema, rule.facet, at);
      yield* valuesProblems(rule.values, at(rule.match), facetValueProblem);
      return;
    case 'range':
      yield* rangeProblems(schema, rule, at);
      return;
    case 'idsOnly':
    case 'idsExclude':
      yield* valuesProblems(rule.ids, at('ids'), idProblem);
      return;
    case 'hideSeen':
      return;
    case 'maxRating':
      yield* ratingProblems(schema, rule.field, rule.value, at);
      return;
    case 'freshness':
      yield* freshnessProblems(schema, rule.field, rule.maxAgeDays, at);
      return;
    case 'pin':
      yield* invalid(at('id'), idProblem(rule.id));
      yield* rankProblems(rule.rank, rankDepthMax, at('rank'));
      return;
    default:
      yield* listRuleProblems(schema, rule, rankDepthMax, at);
  }
}

function* listRuleProblems(
  schema: CatalogueSchema,
  rule: Extract<Rule, { kind: 'quota' | 'minShare' | 'spacing' }>,
  rankDepthMax: number,
  at: At,
): Generator<RuleProblem> {
  yield* facetProblems(schema, rule.facet, at);
  if (rule.kind === 'spacing') {
    yield* invalid(at('gap'), integerProblem(rule.gap, limits.spacingGapMax));
    return;
  }
  if (rule.kind === 'quota') yield* invalid(at('max'), integerProblem(rule.max, limits.rankDepthMax));
  else {
    yield* invalid(at('value'), facetValueProblem(rule.value));
    if (!(rule.share >= 0 && rule.share <= 1)) yield* invalid(at('share'), 'must be a number from 0 to 1');
  }
  yield* rankProblems(rule.within, rankDepthMax, at('within'));
}

function* rangeProblems(
  schema: CatalogueSchema,
  rule: Extract<Rule, { kind: 'range' }>,
  at: At,
): Generator<RuleProblem> {
  const type = yield* fieldType(schema, rule.field, at);
  if (type === 'keyword' || type === 'flag')
    yield* invalid(at('field'), `is a ${type}: only numbers and dates have an order`);
  const bounds = boundNames.filter((name) => rule[name] !== undefined);
  if (bounds.length === 0) yield* invalid(at('field'), 'needs at least one of gte, gt, lte, lt');
  for (const name of bounds) yield* invalid(at(name), boundProblem(rule[name]!, type));
}

const boundNames = ['gte', 'gt', 'lte', 'lt'] as const;
/** Milliseconds since 1970 that a date of the wire can say. */
const dateMs = { min: -62_167_219_200_000, max: 253_402_300_799_999 };

function boundProblem(value: number, type: FieldType | null): string | null {
  if (!Number.isFinite(value)) return 'must be a finite number';
  if (type !== 'date' || (value >= dateMs.min && value <= dateMs.max)) return null;
  return 'must lie in the years 0000 to 9999';
}

function* ratingProblems(
  schema: CatalogueSchema,
  field: string,
  value: string,
  at: At,
): Generator<RuleProblem> {
  const type = yield* fieldType(schema, field, at);
  if (type === null) return;
  const scale = schema.fields[field]!.scale;
  const values = scale === undefined ? undefined : schema.scales[scale];
  if (values === undefined) yield* invalid(at('field'), 'has no scale');
  else if (!values.includes(value))
    yield* invalid(at('value'), `is not on the scale (${values.slice(0, 20).join(', ')})`);
}

function* freshnessProblems(
  schema: CatalogueSchema,
  field: string,
  maxAgeDays: number,
  at: At,
): Generator<RuleProblem> {
  const type = yield* fieldType(schema, field, at);
  if (type !== null && type !== 'date') yield* invalid(at('field'), `is a ${type}, not a date`);
  if (!(maxAgeDays > 0 && maxAgeDays <= limits.freshnessDaysMax))
    yield* invalid(at('max_age_days'), `must be more than 0 and at most ${limits.freshnessDaysMax}`);
}

function* facetProblems(schema: CatalogueSchema, facet: string, at: At): Generator<RuleProblem> {
  if (!schema.facets.includes(facet))
    yield { code: 'unknown_field', path: at('facet'), message: unknownFacet(schema.facets) };
}

/** The field's type; null, and a problem, where there is none of the name. */
function* fieldType(
  schema: CatalogueSchema,
  field: string,
  at: At,
): Generator<RuleProblem, FieldType | null> {
  if (Object.hasOwn(schema.fields, field)) return schema.fields[field]!.type;
  yield { code: 'unknown_field', path: at('field'), message: unknownField(Object.keys(schema.fields)) };
  return null;
}

function* valuesProblems(
  values: readonly string[],
  path: string,
  problemOf: (value: string) => string | null,
): Generator<RuleProblem> {
  const max = limits.predicateValuesMax;
  if (values.length === 0) yield* invalid(path, 'must not be empty');
  if (values.length > max) yield* invalid(path, `must have at most ${max} entries, not ${values.length}`);
  for (const [index, value] of values.entries()) yield* invalid(`${path}[${index}]`, problemOf(value));
}

function* rankProblems(rank: number, rankDepthMax: number, path: string): Generator<RuleProblem> {
  const problem = integerProblem(rank, rankDepthMax);
  yield* invalid(
    path,
    problem !== null && rank > rankDepthMax
      ? `is ${rank}, but only the first ${rankDepthMax} ranks are ordered by rules`
      : problem,
  );
}

function integerProblem(value: number, max: number): string | null {
  return Number.isInteger(value) && value >= 1 && value <= max ? null : `must be an integer from 1 to ${max}`;
}

function* repeated<K>(
  seen: Map<K, number>,
  key: K,
  index: number,
  list: string,
  path: string,
): Generator<RuleProblem> {
  const first = seen.get(key);
  if (first === undefined) seen.set(key, index);
  else yield* invalid(path, `is taken by ${list}[${first}] already`);
}

function* invalid(path: string, message: string | null): Generator<RuleProblem> {
  if (message !== null) yield { code: 'invalid_request', path, message };
}
