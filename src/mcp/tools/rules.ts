import { z } from 'zod';
import { defaultContext } from '../../domain/policy.ts';
import { contextSchema, userIdSchema } from '../../wire/names.ts';
import { policyBodySchema, policyResponseSchema } from '../../wire/policy.ts';
import { tenantRulesResponseSchema } from '../../wire/tenant-rules.ts';
import { policyText, rulesText } from '../text/rules-text.ts';
import { overwrites, reads, tool } from '../tool.ts';

const whose = { user: userIdSchema, context: contextSchema.default(defaultContext) };

export const listRules = tool({
  name: 'list_rules',
  title: 'List the rules',
  description:
    'The rules that hold for every search of the tenant, and the contexts that there are with theirs. Hard rules drop ' +
    'documents, soft rules move scores, list-wise rules reorder.',
  input: z.strictObject({}),
  output: tenantRulesResponseSchema,
  hints: reads,
  run: (_input, { client, options }) => client.rules(options),
  text: rulesText,
});

export const getPolicy = tool({
  name: 'get_policy',
  title: "Get a user's policy",
  description:
    'What a user has declared in a context (preferences from -1 to 1 by facet and value, and rules), and what was ' +
    'learned of the user from events.',
  input: z.strictObject(whose),
  output: policyResponseSchema,
  hints: reads,
  run: ({ user, context }, { client, options }) => client.policy(user, { ...options, context }),
  text: policyText,
});

export const setPolicy = tool({
  name: 'set_policy',
  title: "Set a user's policy",
  description:
    "Writes a user's policy in a context, whole: what is left out is removed. Read it with get_policy first, and give " +
    'the `version` that you read: the write is refused where somebody else has changed it since.',
  input: z.strictObject({
    ...whose,
    ...policyBodySchema.shape,
    version: z.int().min(0).optional().meta({
      description: 'Of the policy that was read; 0: nothing is stored. Without it any is replaced.',
    }),
  }),
  output: policyResponseSchema,
  hints: overwrites,
  run: ({ user, context, version, ...policy }, { client, options }) =>
    client.putPolicy(user, policy, {
      ...options,
      context,
      ...(version !== undefined && { ifMatch: version }),
    }),
  text: policyText,
});
