/**
 * A rule is declared by the tenant, a context's template, a user or a request. Hard rules drop documents, soft rules move
 * a score within bounds, list-wise rules depend on the rest of the list and reorder it.
 */

/** What a hard rule does with a document that lacks the value (or whose value is not on the scale). */
export type Missing = 'drop' | 'keep';

export type HardRule =
  /** Drops what has any of the values. */
  | { readonly kind: 'exclude'; readonly facet: string; readonly values: readonly string[] }
  | {
      readonly kind: 'require';
      readonly facet: string;
      readonly match: 'any' | 'all';
      readonly values: readonly string[];
      readonly missing: Missing;
    }
  /** Bounds of a number or, as milliseconds since 1970, a date. */
  | {
      readonly kind: 'range';
      readonly field: string;
      readonly gte?: number;
      readonly gt?: number;
      readonly lte?: number;
      readonly lt?: number;
      readonly missing: Missing;
    }
  | { readonly kind: 'idsOnly'; readonly ids: readonly string[] }
  | { readonly kind: 'idsExclude'; readonly ids: readonly string[] }
  /** Drops what the user has seen; nothing without a user. */
  | { readonly kind: 'hideSeen' }
  /** Keeps values of the field's scale up to and including `value`. */
  | { readonly kind: 'maxRating'; readonly field: string; readonly value: string; readonly missing: Missing }
  | {
      readonly kind: 'freshness';
      readonly field: string;
      readonly maxAgeDays: number;
      readonly missing: Missing;
    };

export type SoftRule = {
  /** Adds `by` to (boost) or takes it from (bury) the score of what has any of the values. */
  readonly kind: 'boost' | 'bury';
  readonly facet: string;
  readonly values: readonly string[];
  /** > 0, at most 0.5: the sum over all soft rules is clamped to -0.5..0.5. */
  readonly by: number;
};

export type ListRule =
  /** The document takes this rank, from 1. */
  | { readonly kind: 'pin'; readonly id: string; readonly rank: number }
  /** At most `max` documents per value of the facet among the first `within`. */
  | { readonly kind: 'quota'; readonly facet: string; readonly max: number; readonly within: number }
  /** At least ceil(share x within) documents with the value among the first `within`. */
  | {
      readonly kind: 'minShare';
      readonly facet: string;
      readonly value: string;
      /** 0..1 */
      readonly share: number;
      readonly within: number;
    }
  /** At least `gap` other documents between two that share a value of the facet. */
  | { readonly kind: 'spacing'; readonly facet: string; readonly gap: number };

export type Rule = HardRule | SoftRule | ListRule;
export type RuleKind = Rule['kind'];

export const hardRuleKinds = [
  'exclude',
  'require',
  'range',
  'idsOnly',
  'idsExclude',
  'hideSeen',
  'maxRating',
  'freshness',
] as const satisfies readonly HardRule['kind'][];
export const softRuleKinds = ['boost', 'bury'] as const satisfies readonly SoftRule['kind'][];
export const listRuleKinds = [
  'pin',
  'quota',
  'minShare',
  'spacing',
] as const satisfies readonly ListRule['kind'][];

/**
 * Who declared a rule, strongest first: the tenant, a context's template, the user's default policy, the user's policy in
 * this context, the user's own events (documents that were hidden), the request.
 */
export const ruleSources = ['tenant', 'context', 'user', 'user_context', 'events', 'request'] as const;
export type RuleSource = (typeof ruleSources)[number];

/** A rule with where it came from, so that every drop and demotion can name it. */
export interface SourcedRule<R extends Rule = Rule> {
  readonly rule: R;
  readonly source: RuleSource;
  /** Position among the rules of its source, from 0. */
  readonly index: number;
}

export function isHardRule(rule: Rule): rule is HardRule {
  return (hardRuleKinds as readonly string[]).includes(rule.kind);
}

export function isSoftRule(rule: Rule): rule is SoftRule {
  return (softRuleKinds as readonly string[]).includes(rule.kind);
}

export function isListRule(rule: Rule): rule is ListRule {
  return (listRuleKinds as readonly string[]).includes(rule.kind);
}

/** Whether a rule is the policy's, of whatever source, which no rule of the request may cost anything. */
export function isOfPolicy({ source }: SourcedRule): boolean {
  return source !== 'request';
}
