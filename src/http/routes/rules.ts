import type { StoredTenantRules } from '../../domain/policy.ts';
import { limits } from '../../limits.ts';
import {
  parseTenantRules,
  tenantRulesBodySchema,
  tenantRulesResponseSchema,
  tenantRulesToWire,
} from '../../wire/tenant-rules.ts';
import type { Exchange } from '../exchange.ts';
import { policyContext } from '../policy-context.ts';
import { jsonBodyErrors, readJson } from '../read-body.ts';
import type { HttpServices, Reply, Route } from '../route.ts';
import { conditionOf, writeUnder } from '../write-conditions.ts';

const path = '/v1/rules';
const answers = {
  200: { description: 'The rules.', schema: tenantRulesResponseSchema, etag: true },
} as const;

const get: Route = {
  method: 'get',
  path,
  scope: ['search', 'learn'],
  operation: {
    id: 'getRules',
    summary: 'Rules that hold for every search of the tenant, and the contexts that there are.',
    tag: 'policy',
    answers,
    errors: ['no_catalogue', 'overloaded', 'unavailable'],
  },
  handle: (exchange, _inputs, services) =>
    services.users.pass(exchange, async () =>
      reply(await services.triptych.rules(exchange.tenant), exchange, services),
    ),
};

const put: Route = {
  method: 'put',
  path,
  scope: ['admin'],
  operation: {
    id: 'putRules',
    summary: 'Writes the rules and contexts of the tenant, whole.',
    tag: 'policy',
    conditions: ['if-match', 'if-none-match'],
    body: { schema: tenantRulesBodySchema, contentType: 'application/json' },
    answers,
    errors: [
      ...jsonBodyErrors,
      'unknown_field',
      'precondition_failed',
      'no_catalogue',
      'overloaded',
      'unavailable',
    ],
  },
  handle: (exchange, _inputs, services) =>
    services.users.pass(exchange, async () => {
      const { triptych, clock } = services;
      const { tenant } = exchange;
      const condition = conditionOf(exchange, true);
      const body = await readJson(exchange, limits.policyBodyBytesMax, clock);
      const rules = parseTenantRules(body.value, policyContext(services.triptych, exchange.tenant));
      const stored = await writeUnder(
        condition,
        async () => (await triptych.rules(tenant)).version,
        (expected) => triptych.putRules(tenant, rules, expected),
      );
      return reply(stored, exchange, services);
    }),
};

function reply(stored: StoredTenantRules, exchange: Exchange, services: HttpServices): Reply {
  const { schema } = policyContext(services.triptych, exchange.tenant);
  return {
    status: 200,
    version: stored.version,
    json: tenantRulesToWire(stored, schema, exchange.requestId),
  };
}

export const ruleRoutes: readonly Route[] = [get, put];
