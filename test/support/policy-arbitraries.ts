import fc from 'fast-check';
import type { ContextTemplate, Policy, TenantRules } from '../../src/domain/policy.ts';
import type { ListRule, Rule } from '../../src/domain/rule.ts';
import { ruleProblems } from '../../src/domain/rule-check.ts';
import { limits } from '../../src/limits.ts';
import { idArbitrary, testSchema } from './arbitraries.ts';
import { hardRuleArbitrary, softRuleArbitrary } from './rule-arbitraries.ts';

const facet = fc.constantFrom('genres', 'directors', 'tags');
const within = fc.integer({ min: 1, max: 12 });

const listRuleArbitrary: fc.Arbitrary<ListRule> = fc.oneof(
  fc.record({ kind: fc.constant('pin' as const), id: idArbitrary, rank: within }),
  fc.record({ kind: fc.constant('quota' as const), facet, max: fc.integer({ min: 1, max: 3 }), within }),
  fc.record({
    kind: fc.constant('minShare' as const),
    facet: fc.constant('genres'),
    value: fc.constantFrom('Comedy', 'Drama', 'Nope'),
    share: fc.constantFrom(0.2, 0.5, 1),
    within,
  }),
  fc.record({ kind: fc.constant('spacing' as const), facet, gap: fc.integer({ min: 1, max: 3 }) }),
);

/** Whether the service would store or take the rule for the test schema. */
function isAccepted(rules: readonly Rule[]): boolean {
  return ruleProblems(testSchema, rules, { rankDepthMax: limits.rankDepthDefault }).length === 0;
}

/** A few rules of all kinds, such as the service accepts. */
export const rulesArbitrary: fc.Arbitrary<readonly Rule[]> = fc
  .array(fc.oneof(hardRuleArbitrary, softRuleArbitrary, listRuleArbitrary), { maxLength: 4 })
  .map((rules) => rules.filter((rule) => isAccepted([rule])))
  .filter(isAccepted);

export const policyArbitrary: fc.Arbitrary<Policy> = fc.record({
  preferences: fc.record(
    {
      genres: fc.dictionary(fc.constantFrom('Comedy', 'Drama', 'Horror'), fc.constantFrom(-1, -0.3, 0.5, 1)),
    },
    { requiredKeys: [] },
  ),
  constraints: rulesArbitrary,
  learningRate: fc.constantFrom(null, 0, 0.1, 1),
  explorationRate: fc.constant(null),
});

const templateArbitrary: fc.Arbitrary<ContextTemplate> = policyArbitrary.map(
  ({ preferences, constraints }) => ({
    description: 'generated',
    rules: constraints,
    preferences,
  }),
);

/** Tenant rules with the one context `kids`. */
export const tenantRulesArbitrary: fc.Arbitrary<TenantRules> = fc.record({
  rules: rulesArbitrary,
  contexts: fc.record({ kids: templateArbitrary }),
});
