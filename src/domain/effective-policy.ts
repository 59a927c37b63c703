import {
  type ContextTemplate,
  defaultContext,
  defaultLearningRate,
  type Policy,
  type Preferences,
  type TenantRules,
} from './policy.ts';
import {
  type HardRule,
  isHardRule,
  isListRule,
  isSoftRule,
  type ListRule,
  type Rule,
  type RuleSource,
  type SoftRule,
  type SourcedRule,
} from './rule.ts';

/** Everything that is declared about one request. */
export interface Declarations {
  readonly tenant: TenantRules;
  /** Declared by the tenant; null in the context `default`. */
  readonly template: ContextTemplate | null;
  /** The user's default policy; null without a user. */
  readonly policy: Policy | null;
  /** The user's policy in the context, where that is not `default`. */
  readonly contextPolicy: Policy | null;
  readonly constraints: readonly Rule[];
}

/** What holds for one request: rules of all sources, and preferences with the narrowest declaration of each value. */
export interface EffectivePolicy {
  readonly hard: readonly SourcedRule<HardRule>[];
  readonly soft: readonly SourcedRule<SoftRule>[];
  readonly list: readonly SourcedRule<ListRule>[];
  readonly preferences: Preferences;
  readonly learningRate: number;
}

/**
 * Rules accumulate in the order of ruleSources, so nothing that a request or a user says can relax what the tenant says;
 * preferences override each other value by value, the user's in the context before the user's before the context's.
 */
export function effectivePolicy(declared: Declarations): EffectivePolicy {
  const rules = [
    ...sourced(declared.tenant.rules, 'tenant'),
    ...sourced(declared.template?.rules, 'context'),
    ...sourced(declared.policy?.constraints, 'user'),
    ...sourced(declared.contextPolicy?.constraints, 'user_context'),
    ...sourced(declared.constraints, 'request'),
  ];
  return {
    hard: rules.filter((one): one is SourcedRule<HardRule> => isHardRule(one.rule)),
    soft: rules.filter((one): one is SourcedRule<SoftRule> => isSoftRule(one.rule)),
    list: rules.filter((one): one is SourcedRule<ListRule> => isListRule(one.rule)),
    preferences: overridden([
      declared.template?.preferences,
      declared.policy?.preferences,
      declared.contextPolicy?.preferences,
    ]),
    learningRate:
      declared.contextPolicy?.learningRate ?? declared.policy?.learningRate ?? defaultLearningRate,
  };
}

/** The template of a context; undefined where it is not declared. */
export function templateOf(tenant: TenantRules, context: string): ContextTemplate | null | undefined {
  if (context === defaultContext) return null;
  return Object.hasOwn(tenant.contexts, context) ? tenant.contexts[context] : undefined;
}

/** Later preferences win, value by value. */
export function overridden(layers: readonly (Preferences | undefined)[]): Preferences {
  const merged: Record<string, Record<string, number>> = {};
  for (const layer of layers) {
    for (const [facet, values] of Object.entries(layer ?? {}))
      merged[facet] = Object.assign(merged[facet] ?? Object.create(null), values);
  }
  return merged;
}

function sourced(rules: readonly Rule[] | undefined, source: RuleSource): SourcedRule[] {
  return (rules ?? []).map((rule, index) => ({ rule, source, index }));
}
