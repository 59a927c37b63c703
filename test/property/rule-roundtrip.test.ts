import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyPolicy } from '../../src/domain/policy.ts';
import { hardRuleKinds, listRuleKinds, softRuleKinds } from '../../src/domain/rule.ts';
import { parseJson } from '../../src/wire/json.ts';
import { parsePolicy, policyBodyToWire } from '../../src/wire/policy.ts';
import { Problems } from '../../src/wire/problems.ts';
import { ruleSchema, sourcedRuleSchema, type WireRule } from '../../src/wire/rule.ts';
import { parseRules, ruleToWire, sourcedRuleToWire } from '../../src/wire/rule-conversion.ts';
import { parseTenantRules, tenantRulesToWire } from '../../src/wire/tenant-rules.ts';
import { filmSchema } from '../support/fake-triptych.ts';
import { wireRulesArbitrary } from '../support/rule-arbitrary.ts';

function parsed(wire: readonly unknown[]) {
  const problems = new Problems();
  const whole = wire.map((rule) => ruleSchema.parse(rule));
  const rules = parseRules(whole, { schema: filmSchema, rankDepth: 100 }, 'constraints', problems);
  problems.throwIfAny();
  return rules;
}

/** What the service makes of a rule's texts and times, so that what comes back can be compared with what was sent. */
function normal(wire: WireRule): unknown {
  const text = (value: unknown): unknown => {
    if (Array.isArray(value)) return [...new Set(value.map(text))];
    if (typeof value !== 'string') return value;
    return /^\d{4}-\d\d-\d\d/.test(value) ? Date.parse(value) : value.normalize('NFC');
  };
  const { missing, ...rest } = { missing: undefined, ...wire };
  const members = Object.entries(rest).map(([name, value]) => [name, text(value)]);
  const hasMissing = ['require', 'range', 'maxRating', 'freshness'].includes(wire.kind);
  return { ...Object.fromEntries(members), ...(hasMissing && { missing: missing ?? 'drop' }) };
}

describe('rules', () => {
  it('come back as they were sent, and mean the same when they are sent again', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(wireRulesArbitrary, (sent) => {
        const rules = parsed(parseJson(JSON.stringify(sent)) as unknown[]);
        const back = rules.map((rule) => ruleToWire(rule, filmSchema));
        expect(back.map(normal)).toEqual(sent.map(normal));
        expect(parsed(back)).toEqual(rules);
        for (const [index, rule] of rules.entries()) {
          seen.add(rule.kind);
          const named = sourcedRuleToWire({ rule, source: 'user_context', index }, filmSchema);
          expect(sourcedRuleSchema.parse(named)).toEqual({ ...back[index], source: 'user_context', index });
        }
      }),
      { numRuns: 1_000 },
    );
    expect([...seen].sort()).toEqual([...hardRuleKinds, ...softRuleKinds, ...listRuleKinds].sort());
  });

  const context = { schema: filmSchema, rankDepthMax: 100 };
  const preferences = fc.dictionary(
    fc.constantFrom('genres', 'tags'),
    fc.dictionary(fc.constantFrom('a', 'Cafe\u0301', 'toString'), fc.constantFrom(-1, 0.25, 1)),
  );

  it('survive in policies and in contexts', () => {
    fc.assert(
      fc.property(wireRulesArbitrary, preferences, (rules, liked) => {
        const policy = parsePolicy({ preferences: liked, constraints: rules, learning_rate: 0.2 }, context);
        const again = parsePolicy(policyBodyToWire(policy, filmSchema), context);
        expect({ ...emptyPolicy, ...again }).toEqual({ ...emptyPolicy, ...policy });
        expect(policy.constraints).toEqual(parsed(rules));

        const sent = { rules, contexts: { kids: { rules, preferences: liked } } };
        const tenantRules = parseTenantRules(sent, context);
        expect(tenantRules.contexts.kids).toEqual({
          description: '',
          rules: policy.constraints,
          preferences: policy.preferences,
        });
        const { version, request_id, ...wire } = tenantRulesToWire(
          { ...tenantRules, version: 3 },
          filmSchema,
          'r',
        );
        expect([version, request_id]).toEqual([3, 'r']);
        expect(parseTenantRules(parseJson(JSON.stringify(wire)), context)).toEqual(tenantRules);
      }),
      { numRuns: 300 },
    );
  });
});
