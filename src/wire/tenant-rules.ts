import { z } from 'zod';
import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { StoredTenantRules, TenantRules } from '../domain/policy.ts';
import { tenantRulesProblems } from '../domain/policy-check.ts';
import { limits } from '../limits.ts';
import { jsonPath } from '../std/json-path.ts';
import { mapValues } from '../std/map-values.ts';
import { components } from './components.ts';
import { contextSchema } from './names.ts';
import {
  type PolicyContext,
  parsePreferences,
  preferencesSchema,
  preferencesToWire,
  refuseReadOnly,
} from './policy.ts';
import { Problems, parseWith } from './problems.ts';
import { ruleSchema, rulesSchema } from './rule.ts';
import { ruleToWire, toRules } from './rule-conversion.ts';

const contextTemplateSchema = z
  .strictObject({
    description: z.string().max(limits.contextDescriptionCharsMax).default(''),
    rules: rulesSchema.default([]),
    preferences: preferencesSchema.default({}),
  })
  .register(components, { id: 'ContextTemplate' });

const shape = {
  rules: z
    .array(ruleSchema)
    .max(limits.tenantRulesMax)
    .default([])
    .meta({ description: 'Hold for every search of the tenant.' }),
  contexts: z
    .record(contextSchema, contextTemplateSchema)
    .default({})
    .meta({
      description: `The contexts that there are besides \`default\`, at most ${limits.contextsMax}, and what holds in each.`,
    }),
};

const example = {
  rules: [{ kind: 'pin', id: 'the-iron-giant-1999-08-04', rank: 1 }],
  contexts: {
    kids: {
      description: 'What children may see.',
      rules: [{ kind: 'maxRating', field: 'mpaa', value: 'PG' }],
      preferences: { genres: { Animation: 0.5 } },
    },
  },
};

/** Body of `PUT /v1/rules`. */
export const tenantRulesBodySchema = z
  .strictObject(shape)
  .meta({ description: 'All rules of a tenant, and the contexts that it declares.', examples: [example] })
  .register(components, { id: 'TenantRulesBody' });

/** Answer of `GET` and `PUT /v1/rules`. */
export const tenantRulesResponseSchema = z
  .strictObject({
    ...shape,
    version: z.int().min(0).meta({ description: 'Grows with every write; 0: nothing is stored.' }),
    request_id: z.string(),
  })
  .meta({ examples: [{ ...example, version: 2, request_id: '4f7d0c1e-6a53-4a6e-9f0c-0a4a3b0f1f57' }] })
  .register(components, { id: 'TenantRules' });

/** @throws TriptychError invalid_request | unknown_field, with field paths */
export function parseTenantRules(input: unknown, { schema, rankDepthMax }: PolicyContext): TenantRules {
  refuseReadOnly(input);
  const wire = parseWith(tenantRulesBodySchema, input);
  const problems = new Problems();
  const contexts = Object.entries(wire.contexts).map(([name, context]) => {
    const path = jsonPath(['contexts', name]);
    return [
      name,
      {
        description: context.description,
        rules: toRules(context.rules, schema, `${path}.rules`, problems),
        preferences: parsePreferences(context.preferences, `${path}.preferences`, problems),
      },
    ] as const;
  });
  const rules: TenantRules = {
    rules: toRules(wire.rules, schema, 'rules', problems),
    contexts: Object.fromEntries(contexts),
  };
  for (const { code, path, message } of tenantRulesProblems(schema, rules, { rankDepthMax }))
    problems.add(code, path, message);
  problems.throwIfAny();
  return rules;
}

export function tenantRulesToWire(
  stored: StoredTenantRules,
  schema: CatalogueSchema,
  requestId: string,
): z.output<typeof tenantRulesResponseSchema> {
  return {
    rules: stored.rules.map((rule) => ruleToWire(rule, schema)),
    contexts: mapValues(stored.contexts, (context) => ({
      description: context.description,
      rules: context.rules.map((rule) => ruleToWire(rule, schema)),
      preferences: preferencesToWire(context.preferences),
    })),
    version: stored.version,
    request_id: requestId,
  };
}
