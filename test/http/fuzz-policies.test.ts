import { Agent } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explainResponseSchema } from '../../src/wire/explain.ts';
import { policyResponseSchema } from '../../src/wire/policy.ts';
import { searchEventSchema } from '../../src/wire/search-event.ts';
import { tenantRulesResponseSchema } from '../../src/wire/tenant-rules.ts';
import type { FakeTriptych } from '../support/fake-triptych.ts';
import { check, json, type Sent, send } from '../support/fuzz-client.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';
import { damaged, mutatedJson } from '../support/mutations.ts';
import { ruleBases } from '../support/rule-bases.ts';

/** As fuzz.test.ts, for who is asking: never a 5xx, and a refused write changes nothing. */
const numRuns = Number(process.env.TRIPTYCH_FUZZ_RUNS ?? 600);
const timeoutMs = 60_000 + numRuns * 50;
const options = { numRuns };

let http: HttpHarness<FakeTriptych>;
const agent = new Agent({ keepAlive: true, maxSockets: 4 });

beforeAll(async () => {
  http = await startHttp();
  await http.call('PUT', '/v1/documents/a', { title: 'A' });
  await http.call('PUT', '/v1/rules', { contexts: { kids: {} } });
});

afterAll(async () => {
  agent.destroy();
  expect(http.logs.filter(({ level }) => level === 'error')).toEqual([]);
  await http.close();
});

const call = (method: string, path: string, body: string | Buffer, headers: Record<string, string> = json) =>
  send({ agent, port: http.port }, method, path, body, headers);

const policyBases = [
  {
    preferences: { genres: { Comedy: 0.5, Horror: -1 }, tags: { robot: 1 } },
    constraints: ruleBases,
    learning_rate: 0.2,
    exploration_rate: null,
  },
  { preferences: { genres: { Comedy: null } } },
  { constraints: [ruleBases[4], ruleBases[12]] },
];
const rulesBases = [
  {
    rules: ruleBases,
    contexts: { kids: { description: 'x', rules: ruleBases, preferences: { genres: { a: 1 } } } },
  },
];
const eventBases = [
  {
    events: [
      { event_id: 'e-1', user: 'u', document: 'a', type: 'like' },
      {
        event_id: 'e-2',
        user: 'u',
        document: 'b',
        type: 'rate',
        value: 4,
        context: 'kids',
        at: '2020-01-01',
      },
      {
        event_id: 'e-3',
        user: 'v',
        document: 'a',
        type: 'view',
        at: '2020-01-01T10:00:00Z',
        request_id: 'r',
      },
    ],
  },
];

/** A write that is answered with a version moved it; one that is refused did not. */
async function checkWrite(answer: Sent, path: string, before: unknown): Promise<void> {
  check(answer);
  const after = (await http.call('GET', path)).at('version');
  if (answer.status >= 400) expect(after).toBe(before);
  else expect(after).toBe((JSON.parse(answer.text) as { version: number }).version);
}

describe('policies', () => {
  const path = '/v1/users/fuzz/policy?context=kids';
  const bodies = fc.oneof(
    { weight: 3, arbitrary: mutatedJson(policyBases) },
    { weight: 1, arbitrary: damaged(mutatedJson(policyBases)) },
  );

  it('hold against bodies that are nearly right', { timeout: timeoutMs }, () =>
    fc.assert(
      fc.asyncProperty(fc.constantFrom('PUT', 'PATCH'), bodies, async (method, body) => {
        const before = (await http.call('GET', path)).at('version');
        const answer = await call(method, path, body);
        await checkWrite(answer, path, before);
        if (answer.status !== 200) return;
        const { version, learned, request_id, ...rest } = policyResponseSchema.parse(JSON.parse(answer.text));
        expect([version > 0, typeof learned, typeof request_id]).toEqual([true, 'object', 'string']);
        // What came out goes in again.
        expect((await call('PUT', path, JSON.stringify(rest))).status).toBe(200);
      }),
      options,
    ),
  );

  it('hold as rules of a tenant', { timeout: timeoutMs }, () =>
    fc.assert(
      fc.asyncProperty(mutatedJson(rulesBases), async (body) => {
        const before = (await http.call('GET', '/v1/rules')).at('version');
        const answer = await call('PUT', '/v1/rules', body);
        await checkWrite(answer, '/v1/rules', before);
        if (answer.status !== 200) return;
        const { version, request_id, ...rest } = tenantRulesResponseSchema.parse(JSON.parse(answer.text));
        expect([version > 0, typeof request_id]).toEqual([true, 'string']);
        const contexts = { kids: {}, ...rest.contexts };
        const again = await call('PUT', '/v1/rules', JSON.stringify({ ...rest, contexts }));
        expect(again.status, again.text).toBe(200);
      }),
      options,
    ),
  );
});

describe('events', () => {
  it('hold, all or nothing', { timeout: timeoutMs }, () =>
    fc.assert(
      fc.asyncProperty(mutatedJson(eventBases), async (body) => {
        http.triptych.users.events.clear();
        const answer = await call('POST', '/v1/events', body);
        check(answer);
        if (answer.status >= 400) expect(http.triptych.users.events.size).toBe(0);
        else {
          const { accepted } = JSON.parse(answer.text) as { accepted: number };
          expect(http.triptych.users.events.size).toBe(accepted);
        }
      }),
      options,
    ),
  );
});

describe('searches', () => {
  const bases = [
    { query: 'x', constraints: ruleBases, document: 'a' },
    { user: 'u', context: 'kids', cursor: 'x', document: 'a' },
  ];

  it('hold when they are explained', { timeout: timeoutMs }, () =>
    fc.assert(
      fc.asyncProperty(mutatedJson(bases), async (body) => {
        const answer = await call('POST', '/v1/explain', body);
        check(answer);
        if (answer.status === 200) explainResponseSchema.parse(JSON.parse(answer.text));
      }),
      options,
    ),
  );

  it('hold when they are answered in parts', { timeout: timeoutMs }, () =>
    fc.assert(
      fc.asyncProperty(
        mutatedJson(bases.map(({ document, ...search }) => search)),
        fc.constantFrom('application/x-ndjson', 'text/event-stream'),
        async (body, accept) => {
          const answer = await call('POST', '/v1/search', body, { ...json, accept });
          check(answer);
          if (answer.status !== 200 || accept === 'text/event-stream') return;
          for (const line of answer.text.trimEnd().split('\n')) searchEventSchema.parse(JSON.parse(line));
        },
      ),
      options,
    ),
  );
});
