import { z } from 'zod';
import { defaultContext, type StoredPolicy } from '../../domain/policy.ts';
import { limits } from '../../limits.ts';
import type { PolicyView } from '../../ports/triptych.ts';
import { mergePatch } from '../../std/merge-patch.ts';
import { contextSchema, userIdSchema } from '../../wire/names.ts';
import {
  parsePolicy,
  policyBodySchema,
  policyBodyToWire,
  policyPatchSchema,
  policyResponseSchema,
  policyToWire,
  refuseReadOnly,
} from '../../wire/policy.ts';
import type { Exchange } from '../exchange.ts';
import { policyContext } from '../policy-context.ts';
import { jsonBodyErrors, readJson } from '../read-body.ts';
import type { HttpServices, Inputs, Operation, Reply, Route } from '../route.ts';
import {
  type Condition,
  conditionOf,
  overCurrent,
  preconditionFailed,
  writeUnder,
} from '../write-conditions.ts';

const path = '/v1/users/{id}/policy';
const query = z.strictObject({ context: contextSchema.default(defaultContext) });

const common = {
  tag: 'policy',
  pathId: userIdSchema,
  query: { schema: query, integers: [] },
} as const satisfies Partial<Operation>;
const answers = { 200: { description: 'The policy.', schema: policyResponseSchema, etag: true } } as const;
const storeErrors = ['unknown_context', 'no_catalogue', 'overloaded', 'unavailable'] as const;
const writeErrors = [...storeErrors, 'precondition_failed'] as const;

/** Whose policy, and where. */
interface Place {
  readonly user: string;
  readonly context: string;
}

function placeOf(inputs: Inputs): Place {
  return { user: inputs.id, context: query.parse(inputs.query).context };
}

const get: Route = {
  method: 'get',
  path,
  scope: ['learn'],
  operation: {
    ...common,
    id: 'getPolicy',
    summary: "A user's policy in a context, and what was learned about the user.",
    description: 'Where nothing is stored the policy is empty and its version 0.',
    answers,
    errors: storeErrors,
  },
  handle: (exchange, inputs, services) =>
    services.users.pass(exchange, async () => {
      const { user, context } = placeOf(inputs);
      return reply(await services.triptych.policy(exchange.tenant, user, context), exchange, services);
    }),
};

const put: Route = {
  method: 'put',
  path,
  scope: ['learn'],
  operation: {
    ...common,
    id: 'putPolicy',
    summary: "Writes a user's policy in a context, whole.",
    conditions: ['if-match', 'if-none-match'],
    body: { schema: policyBodySchema, contentType: 'application/json' },
    answers,
    errors: [...jsonBodyErrors, 'unknown_field', ...writeErrors],
  },
  handle: (exchange, inputs, services) =>
    services.users.pass(exchange, async () => {
      const { triptych, clock } = services;
      const { tenant } = exchange;
      const { user, context } = placeOf(inputs);
      const condition = conditionOf(exchange, true);
      const body = await readJson(exchange, limits.policyBodyBytesMax, clock);
      const policy = parsePolicy(body.value, policyContext(services.triptych, exchange.tenant));
      const view = await writeUnder(
        condition,
        () => storedVersion({ user, context }, tenant, services),
        (expected) => triptych.putPolicy(tenant, user, context, policy, expected),
      );
      return reply(view, exchange, services);
    }),
};

const patch: Route = {
  method: 'patch',
  path,
  scope: ['learn'],
  operation: {
    ...common,
    id: 'patchPolicy',
    summary: "Changes members of a user's policy in a context (JSON merge patch).",
    description:
      'The patch is applied to what is stored, so that two changes at once are both kept. `application/json` is taken ' +
      'for a merge patch too.',
    conditions: ['if-match'],
    body: { schema: policyPatchSchema, contentType: 'application/merge-patch+json' },
    answers,
    errors: [...jsonBodyErrors, 'unknown_field', ...writeErrors],
  },
  handle: (exchange, inputs, services) =>
    services.users.pass(exchange, async () => {
      const condition = conditionOf(exchange, false);
      const types = ['application/merge-patch+json', 'application/json'];
      const body = await readJson(exchange, limits.policyBodyBytesMax, services.clock, types);
      refuseReadOnly(body.value);
      const place = placeOf(inputs);
      const read = () => storedUnder(condition, place, exchange.tenant, services);
      const write = (policy: StoredPolicy) => patched(policy, body.value, place, exchange.tenant, services);
      // Who named a version wants to know that it is another one now; who did not wants the change.
      const view = await (typeof condition === 'object' ? read().then(write) : overCurrent(read, write));
      return reply(view, exchange, services);
    }),
};

/** What is stored, if that is what the condition wants. @throws TriptychError precondition_failed */
async function storedUnder(
  condition: Condition,
  { user, context }: Place,
  tenant: string,
  { triptych }: HttpServices,
): Promise<StoredPolicy> {
  const { policy } = await triptych.policy(tenant, user, context);
  if (condition === 'stored' && policy.version === 0) throw preconditionFailed('nothing is stored yet');
  if (typeof condition === 'object' && (condition.expected ?? 0) !== policy.version)
    throw preconditionFailed(`the policy has version ${policy.version}, not ${condition.expected ?? 0}`);
  return policy;
}

/** Writes `policy` with the patch applied, over exactly that version of it. */
function patched(
  policy: StoredPolicy,
  patch: unknown,
  { user, context }: Place,
  tenant: string,
  { triptych }: HttpServices,
): Promise<PolicyView> {
  const checks = policyContext(triptych, tenant);
  const merged = mergePatch(policyBodyToWire(policy, checks.schema), patch);
  return triptych.putPolicy(tenant, user, context, parsePolicy(merged, checks), policy.version);
}

const remove: Route = {
  method: 'delete',
  path,
  scope: ['learn'],
  operation: {
    ...common,
    id: 'deletePolicy',
    summary: "Deletes a user's policy in a context; what was learned stays.",
    conditions: ['if-match'],
    answers: { 204: { description: 'Deleted.' } },
    errors: [...writeErrors, 'not_found'],
  },
  handle: (exchange, inputs, services) =>
    services.users.pass(exchange, async () => {
      const { triptych } = services;
      const { tenant } = exchange;
      const { user, context } = placeOf(inputs);
      await writeUnder(
        conditionOf(exchange, false),
        () => storedVersion({ user, context }, tenant, services),
        (expected) => triptych.deletePolicy(tenant, user, context, expected),
      );
      return { status: 204 };
    }),
};

async function storedVersion(
  { user, context }: Place,
  tenant: string,
  { triptych }: HttpServices,
): Promise<number> {
  return (await triptych.policy(tenant, user, context)).policy.version;
}

function reply(view: PolicyView, exchange: Exchange, services: HttpServices): Reply {
  const { schema } = policyContext(services.triptych, exchange.tenant);
  return {
    status: 200,
    version: view.policy.version,
    json: policyToWire(view, schema, exchange.requestId),
  };
}

export const policyRoutes: readonly Route[] = [get, put, patch, remove];
