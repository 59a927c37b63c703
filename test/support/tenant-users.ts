import fc from 'fast-check';
import type { Policy, TenantRules } from '../../src/domain/policy.ts';
import { emptyPolicy } from '../../src/domain/policy.ts';
import type { Rule } from '../../src/domain/rule.ts';
import type { UserEvent } from '../../src/domain/user-event.ts';
import type { SearchFixture } from './search-fixture.ts';
import type { Tenant, TenantCall } from './tenant-calls.ts';

/** Users and contexts have the same names in both tenants, and everything else of theirs is different. */
const users = ['ann', 'bob'] as const;
const contexts = ['default', 'kids'] as const;
export const anyUser = fc.constantFrom(...users);
export const anyContext = fc.constantFrom(...contexts);

const aDayMs = Date.parse('2025-12-01');
/** Where the two tenants' likes, pins and rules begin: documents of one number are alike in both. */
const offset = { acme: 0, globex: 20 } as const;

const idIn = (tenant: Tenant, index: number) => `${tenant}-${(offset[tenant] + index) % 40}`;

function eventOf(tenant: Tenant, name: string, index: number, type: UserEvent['type']): UserEvent {
  return {
    eventId: `event ${name}`,
    user: users[index % 2]!,
    document: idIn(tenant, index),
    type,
    value: type === 'rate' ? 4 : null,
    context: null,
    atMs: aDayMs + index * 3_600_000,
    requestId: `${tenant} request`,
  };
}

function rulesOf(tenant: Tenant): TenantRules {
  const excluded: Rule = {
    kind: 'exclude',
    facet: 'directors',
    values: [`${tenant} director ${offset[tenant] / 20}`],
  };
  const pin: Rule = { kind: 'pin', id: idIn(tenant, 6), rank: 2 };
  const hidden: Rule = { kind: 'idsExclude', ids: [idIn(tenant, 8), idIn(tenant, 10)] };
  return {
    rules: [hidden],
    contexts: {
      kids: { description: `for the children of ${tenant}`, rules: [excluded, pin], preferences: {} },
    },
  };
}

function policyOf(tenant: Tenant, user: string, context: string): Policy {
  const taste = user === 'ann' ? 1 : -1;
  const hidden: Rule = { kind: 'idsExclude', ids: [idIn(tenant, 12 + context.length)] };
  const likes = tenant === 'acme' ? 'Comedy' : 'Drama';
  return { ...emptyPolicy, preferences: { genres: { [likes]: taste * 0.5 } }, constraints: [hidden] };
}

/** Rules, policies and events of the tenants that the service has. */
export async function writeUsers(fixture: SearchFixture, tenants: readonly Tenant[]): Promise<void> {
  const { service, clock } = fixture;
  for (const tenant of tenants) {
    await clock.run(service.putRules(tenant, rulesOf(tenant), null));
    for (const user of users)
      for (const context of contexts)
        await clock.run(service.putPolicy(tenant, user, context, policyOf(tenant, user, context), null));
    const events = (['like', 'rate', 'view', 'hide', 'dislike', 'like'] as const).map((type, i) =>
      eventOf(tenant, `${i}`, i, type),
    );
    await clock.run(service.recordEvents(tenant, events));
  }
  await clock.run(clock.sleep(1_000));
}

/** What a tenant can ask, and write, about its users. */
export const userCall: fc.Arbitrary<TenantCall> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(anyUser, anyContext).map(policyCall) },
  { weight: 2, arbitrary: fc.constant(null).map(rulesCall) },
  { weight: 4, arbitrary: fc.oneof(anyUser, fc.constant('nobody')).map(exportCall) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat(39), fc.constantFrom('like', 'click', 'hide', 'skip'), fc.uuid())
      .map(eventCall),
  },
  { weight: 1, arbitrary: fc.tuple(anyUser, anyContext, fc.constantFrom(-1, 0.25, 1)).map(putPolicyCall) },
);

function policyCall([user, context]: [string, string]): TenantCall {
  return { name: `policy of ${user}`, run: ({ service }, tenant) => service.policy(tenant, user, context) };
}

function rulesCall(): TenantCall {
  return { name: 'rules', run: ({ service }, tenant) => service.rules(tenant) };
}

function exportCall(user: string): TenantCall {
  return {
    name: `export of ${user}`,
    run: async ({ service }, tenant) => {
      const records: unknown[] = [];
      for await (const record of service.exportUser(tenant, user)) records.push(record);
      return records;
    },
  };
}

/** An event, and the second in which it is learned from. */
function eventCall([index, type, name]: [number, 'like' | 'click' | 'hide' | 'skip', string]): TenantCall {
  return {
    name: `${type} of ${index}`,
    run: async ({ service, clock }, tenant) => {
      const ack = await service.recordEvents(tenant, [eventOf(tenant, name, index, type)]);
      await clock.sleep(1_000);
      return ack;
    },
  };
}

function putPolicyCall([user, context, preference]: [string, string, number]): TenantCall {
  return {
    name: `a policy for ${user}`,
    run: ({ service }, tenant) => {
      const { constraints } = policyOf(tenant, user, context);
      const policy = { ...emptyPolicy, preferences: { genres: { Comedy: preference } }, constraints };
      return service.putPolicy(tenant, user, context, policy, undefined);
    },
  };
}
