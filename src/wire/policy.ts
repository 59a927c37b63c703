import { z } from 'zod';
import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { Policy, Preferences, StoredPolicy } from '../domain/policy.ts';
import { policyProblems } from '../domain/policy-check.ts';
import { limits } from '../limits.ts';
import { jsonPath } from '../std/json-path.ts';
import { mapValues } from '../std/map-values.ts';
import { facetValueSchema, nameOfAny } from './bounds.ts';
import { components } from './components.ts';
import { Problems, parseWith } from './problems.ts';
import { rulesSchema } from './rule.ts';
import { ruleToWire, toRules } from './rule-conversion.ts';

export const preferencesSchema = z
  .record(nameOfAny, z.record(facetValueSchema, z.number().min(-1).max(1)))
  .meta({
    description: `-1 (dislikes) to 1 (likes) by facet and value, at most ${limits.preferencesMax} values in all.`,
  });

const rate = z.number().min(0).max(1).nullable();
const learningRate = rate.meta({
  description: "How far one like moves a learned preference; null: the wider policy's, in the end 0.1.",
});
const explorationRate = rate.meta({ description: 'Kept, without effect today; null as for learning_rate.' });

/** Body of `PUT /v1/users/{id}/policy`. */
export const policyBodySchema = z
  .strictObject({
    preferences: preferencesSchema.default({}),
    constraints: rulesSchema.default([]),
    learning_rate: learningRate.default(null),
    exploration_rate: explorationRate.default(null),
  })
  .meta({
    description: 'What a user has declared in one context.',
    examples: [
      {
        preferences: { genres: { Comedy: 0.8, Horror: -1 } },
        constraints: [{ kind: 'exclude', facet: 'genres', values: ['War'] }],
      },
    ],
  })
  .register(components, { id: 'PolicyBody' });

/** Body of `PATCH /v1/users/{id}/policy`. */
export const policyPatchSchema = z
  .looseObject({})
  .meta({
    description:
      'A JSON merge patch (RFC 7396) of a PolicyBody: members replace or, where they are null, remove; arrays are ' +
      'replaced whole.',
    examples: [{ preferences: { genres: { Horror: null, Drama: 0.5 } } }],
  })
  .register(components, { id: 'PolicyPatch' });

/** Answer of the routes of a policy. */
export const policyResponseSchema = z
  .strictObject({
    preferences: preferencesSchema,
    constraints: rulesSchema,
    learning_rate: learningRate,
    exploration_rate: explorationRate,
    version: z.int().min(0).meta({ description: 'Grows with every write; 0: nothing is stored.' }),
    learned: preferencesSchema.meta({
      description: 'Read-only: learned from events. What is declared wins over it, value by value.',
    }),
    request_id: z.string(),
  })
  .meta({
    examples: [
      {
        preferences: { genres: { Comedy: 0.8 } },
        constraints: [{ kind: 'exclude', facet: 'genres', values: ['War'] }],
        learning_rate: null,
        exploration_rate: null,
        version: 3,
        learned: { genres: { Drama: 0.24 } },
        request_id: '4f7d0c1e-6a53-4a6e-9f0c-0a4a3b0f1f57',
      },
    ],
  })
  .register(components, { id: 'Policy' });

/** What policies and rules are checked against. */
export interface PolicyContext {
  readonly schema: CatalogueSchema;
  /** R of the deepest profile: any may rank under the policy. */
  readonly rankDepthMax: number;
}

const readOnly = {
  learned: 'is read-only: it is learned from events',
  version: 'is read-only: send the ETag as If-Match instead',
} as const;

/**
 * Refuses members that an answer has and a body must not: a client that sends back what it read should not believe
 * that it changed them.
 * @throws TriptychError invalid_request
 */
export function refuseReadOnly(input: unknown): void {
  if (typeof input !== 'object' || input === null) return;
  const problems = new Problems();
  for (const [name, message] of Object.entries(readOnly))
    if (Object.hasOwn(input, name)) problems.add('invalid_request', name, message);
  problems.throwIfAny();
}

/** @throws TriptychError invalid_request | unknown_field, with field paths */
export function parsePolicy(input: unknown, { schema, rankDepthMax }: PolicyContext): Policy {
  refuseReadOnly(input);
  const wire = parseWith(policyBodySchema, input);
  const problems = new Problems();
  const policy: Policy = {
    preferences: parsePreferences(wire.preferences, 'preferences', problems),
    constraints: toRules(wire.constraints, schema, 'constraints', problems),
    learningRate: wire.learning_rate,
    explorationRate: wire.exploration_rate,
  };
  for (const { code, path, message } of policyProblems(schema, policy, { rankDepthMax }))
    problems.add(code, path, message);
  problems.throwIfAny();
  return policy;
}

/** Preferences with their values in NFC; two that are the same then are one too many. */
export function parsePreferences(
  wire: z.output<typeof preferencesSchema>,
  path: string,
  problems: Problems,
): Preferences {
  const entries = Object.entries(wire).map(([facet, values]) => {
    const normal = Object.entries(values).map(([value, weight]) => [value.normalize('NFC'), weight] as const);
    if (new Set(normal.map(([value]) => value)).size < normal.length)
      problems.add(
        'invalid_request',
        jsonPath([facet], path),
        'has a value twice, differently encoded (NFC)',
      );
    return [facet, Object.fromEntries(normal)] as const;
  });
  return Object.fromEntries(entries);
}

/** A policy as a PUT would write it. */
export function policyBodyToWire(policy: Policy, schema: CatalogueSchema): z.output<typeof policyBodySchema> {
  return {
    preferences: preferencesToWire(policy.preferences),
    constraints: policy.constraints.map((rule) => ruleToWire(rule, schema)),
    learning_rate: policy.learningRate,
    exploration_rate: policy.explorationRate,
  };
}

export function policyToWire(
  { policy, learned }: { readonly policy: StoredPolicy; readonly learned: Preferences },
  schema: CatalogueSchema,
  requestId: string,
): z.output<typeof policyResponseSchema> {
  return {
    ...policyBodyToWire(policy, schema),
    version: policy.version,
    learned: preferencesToWire(learned),
    request_id: requestId,
  };
}

export function preferencesToWire(preferences: Preferences): z.output<typeof preferencesSchema> {
  return mapValues(preferences, (values) => ({ ...values }));
}
