import { afterAll, beforeAll, expect, it } from 'vitest';
import { newApiKey } from '../../src/adapters/keys-file/api-key.ts';
import { createPinoLogger } from '../../src/adapters/pino/pino-logger.ts';
import { routes } from '../../src/http/routes/index.ts';
import { limits } from '../../src/limits.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeTriptych } from '../support/fake-triptych.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';
import { bearer, testKey, withKeys } from '../support/keys.ts';

/** Secrets that are looked for in everything that leaves the process. */
const canary = 'canary0canary';
const good = testKey('good');
const weak = testKey('weak', { scopes: ['learn'] });
const expired = testKey('expired', { expires: '2020-01-01' });
const unknown = newApiKey('unknown');
const secretOf = (key: string): string => key.slice(-43);
const secrets = [canary, ...[good, weak, expired].map(({ secret }) => secretOf(secret)), secretOf(unknown)];

let http: HttpHarness<FakeTriptych>;
const lines: string[] = [];

beforeAll(async () => {
  const logger = createPinoLogger({ level: 'info', destination: { write: (line) => lines.push(line) } });
  http = await startHttp(new FakeTriptych(), new FakeClock(), { ...withKeys(good, weak, expired), logger });
});
afterAll(() => http.close());

it('no key, header or text of a request is in logs, metrics or errors', async () => {
  const credentials: Record<string, string>[] = [
    bearer(good),
    bearer(weak),
    bearer(expired),
    { 'x-api-key': unknown },
    { authorization: `Basic ${canary}` },
    { authorization: `Bearer ${canary}` },
    { 'x-api-key': `tp_${canary}` },
  ];
  const broken = new Error('a driver failed', { cause: new Error('connection lost') });
  const answers: string[] = [];
  for (const failing of [false, true]) {
    http.triptych.before = async () => {
      if (failing) throw broken;
    };
    for (const route of routes)
      for (const headers of credentials) {
        const body = route.operation.body === undefined ? undefined : { query: canary };
        const path = route.path.replace('{id}', 'a');
        const extra = { ...headers, cookie: `session=${canary}`, 'x-other': canary };
        const answer = await http.call(route.method.toUpperCase(), path, body, extra);
        answers.push(answer.text, JSON.stringify([...answer.headers]));
      }
  }
  const metrics = await http.call('GET', '/metrics', undefined, bearer(good));
  expect(metrics.status).toBe(200);
  await expect.poll(() => lines.length, { timeout: 20_000 }).toBeGreaterThan(answers.length / 2);
  for (const secret of secrets) {
    expect(lines.filter((line) => line.includes(secret))).toEqual([]);
    expect(answers.filter((text) => text.includes(secret))).toEqual([]);
    expect(metrics.text).not.toContain(secret);
  }
  // The walk reached what it was meant to reach.
  const seen = answers.join('\n');
  for (const code of ['unauthenticated', 'forbidden', 'rate_limited', 'internal'])
    expect(seen).toContain(code);
  expect(lines.some((line) => line.includes('"key":"good"'))).toBe(true);
  expect(routes.length * 4).toBeGreaterThan(limits.failedKeysPerAddressMax);
});
