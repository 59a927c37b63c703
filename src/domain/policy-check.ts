import { limits } from '../limits.ts';
import { jsonPath } from '../std/json-path.ts';
import type { CatalogueSchema } from './catalogue-schema.ts';
import { nameProblem } from './names.ts';
import { defaultContext, type Policy, type Preferences, type TenantRules } from './policy.ts';
import { type RuleProblem, ruleProblems } from './rule-check.ts';
import { facetValueProblem, stringProblem, unknownFacet } from './value-check.ts';

interface RankBounds {
  /** As RuleBounds.rankDepthMax: of the deepest profile, because any may rank under the policy. */
  readonly rankDepthMax: number;
}

/** What is wrong with a policy of the right shape; as ruleProblems. */
export function policyProblems(
  schema: CatalogueSchema,
  policy: Policy,
  { rankDepthMax }: RankBounds,
): RuleProblem[] {
  return [
    ...preferenceProblems(schema, policy.preferences, 'preferences'),
    ...ruleProblems(schema, policy.constraints, { path: 'constraints', rankDepthMax }),
    ...rateProblems('learning_rate', policy.learningRate),
    ...rateProblems('exploration_rate', policy.explorationRate),
  ].slice(0, limits.errorFieldsMax);
}

/** What is wrong with a tenant's rules and contexts of the right shape; as ruleProblems. */
export function tenantRulesProblems(
  schema: CatalogueSchema,
  { rules, contexts }: TenantRules,
  { rankDepthMax }: RankBounds,
): RuleProblem[] {
  const problems = ruleProblems(schema, rules, {
    path: 'rules',
    rankDepthMax,
    rulesMax: limits.tenantRulesMax,
  });
  const count = Object.keys(contexts).length;
  if (count > limits.contextsMax)
    problems.push(invalid('contexts', `must have at most ${limits.contextsMax} entries, not ${count}`));
  for (const [name, context] of Object.entries(contexts)) {
    if (problems.length >= limits.errorFieldsMax) break;
    const path = jsonPath(['contexts', name]);
    const naming = name === defaultContext ? 'needs no declaration and takes no rules' : nameProblem(name);
    if (naming !== null) problems.push(invalid(path, naming));
    const description = stringProblem(context.description, limits.contextDescriptionCharsMax);
    if (description !== null) problems.push(invalid(`${path}.description`, description));
    problems.push(...ruleProblems(schema, context.rules, { path: `${path}.rules`, rankDepthMax }));
    problems.push(...preferenceProblems(schema, context.preferences, `${path}.preferences`));
  }
  return problems.slice(0, limits.errorFieldsMax);
}

function preferenceProblems(schema: CatalogueSchema, preferences: Preferences, path: string): RuleProblem[] {
  const problems: RuleProblem[] = [];
  let count = 0;
  for (const [facet, values] of Object.entries(preferences)) {
    if (!schema.facets.includes(facet))
      problems.push({
        code: 'unknown_field',
        path: jsonPath([facet], path),
        message: unknownFacet(schema.facets),
      });
    for (const [value, weight] of Object.entries(values)) {
      count++;
      const message = facetValueProblem(value) ?? (weight >= -1 && weight <= 1 ? null : notAPreference);
      if (message !== null && problems.length < limits.errorFieldsMax)
        problems.push(invalid(jsonPath([facet, value], path), message));
    }
  }
  if (count > limits.preferencesMax)
    problems.unshift(invalid(path, `must have at most ${limits.preferencesMax} values in all, not ${count}`));
  return problems;
}

const notAPreference = 'must be a number from -1 to 1';

function rateProblems(path: string, rate: number | null): RuleProblem[] {
  return rate === null || (rate >= 0 && rate <= 1)
    ? []
    : [invalid(path, 'must be null or a number from 0 to 1')];
}

function invalid(path: string, message: string): RuleProblem {
  return { code: 'invalid_request', path, message };
}
