import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import { policyResponseSchema } from '../../src/wire/policy.ts';
import { tenantRulesResponseSchema } from '../../src/wire/tenant-rules.ts';
import type { FakeTriptych } from '../support/fake-triptych.ts';
import { FakeUsers } from '../support/fake-users.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';

let http: HttpHarness<FakeTriptych>;

beforeAll(async () => {
  http = await startHttp();
});

afterAll(() => http.close());

beforeEach(() => {
  Object.assign(http.triptych, { users: new FakeUsers(), before: async () => {} });
});

const policy = '/v1/users/u%2F1/policy';
const body = {
  preferences: { genres: { Comedy: 0.8, Horror: -1 } },
  constraints: [{ kind: 'range', field: 'released', gte: '1990-01-01' }],
};
const kids = { contexts: { kids: { rules: [{ kind: 'maxRating', field: 'mpaa', value: 'PG' }] } } };
const mergePatch = { 'content-type': 'application/merge-patch+json' };

describe('a policy', () => {
  it('is empty before it is written, and says what was learned', async () => {
    const answer = await http.call('GET', policy);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('etag')).toBe('"0"');
    expect(policyResponseSchema.parse(answer.json)).toMatchObject({
      preferences: {},
      constraints: [],
      learning_rate: null,
      version: 0,
      learned: { genres: { Drama: 0.25 } },
    });
  });

  it('comes back as it was written, with its version as ETag', async () => {
    const put = await http.call('PUT', policy, body);
    expect(put.status, put.text).toBe(200);
    const got = await http.call('GET', policy);
    expect(got.headers.get('etag')).toBe(put.headers.get('etag'));
    expect(got.headers.get('etag')).toBe(`"${got.at('version')}"`);
    const wire = policyResponseSchema.parse(got.json);
    expect(wire.preferences).toEqual(body.preferences);
    expect(wire.constraints).toEqual([{ ...body.constraints[0], missing: 'drop' }]);
    const { version, learned, request_id, ...again } = wire;
    expect([version > 0, Object.keys(learned), request_id.length > 0]).toEqual([true, ['genres'], true]);
    const second = await http.call('PUT', policy, again);
    expect(second.status, second.text).toBe(200);
    expect(second.at('version')).toBeGreaterThan(version);
  });

  it('is one per user and context', async () => {
    expect((await http.call('PUT', '/v1/rules', kids)).status).toBe(200);
    await http.call('PUT', policy, { learning_rate: 0.5 });
    await http.call('PUT', `${policy}?context=kids`, { learning_rate: 0.1 });
    expect((await http.call('GET', policy)).at('learning_rate')).toBe(0.5);
    expect((await http.call('GET', `${policy}?context=kids`)).at('learning_rate')).toBe(0.1);
    expect((await http.call('GET', '/v1/users/u2/policy')).at('learning_rate')).toBeNull();
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await http.call(
        method,
        `${policy}?context=work`,
        method.startsWith('P') ? {} : undefined,
      );
      expect([method, answer.status, answer.at('code')]).toEqual([method, 400, 'unknown_context']);
    }
  });

  it('is deleted once', async () => {
    await http.call('PUT', policy, body);
    const first = await http.call('DELETE', policy);
    expect([first.status, first.text, first.headers.get('content-type')]).toEqual([204, '', null]);
    expect((await http.call('GET', policy)).at('version')).toBe(0);
    expect((await http.call('DELETE', policy)).at('code')).toBe('not_found');
  });

  it.each([
    ['learned', { learned: {} }],
    ['learned', { learned: null }],
    ['version', { version: 3 }],
  ])('refuses to be told %s', async (name, given) => {
    for (const method of ['PUT', 'PATCH']) {
      const answer = await http.call(method, policy, given);
      expect([answer.status, answer.at('fields.0.path')]).toEqual([400, name]);
      expect(answer.at('fields.0.message')).toContain('read-only');
    }
  });
});

describe('PATCH', () => {
  it('changes what it names, replaces arrays and removes what is null', async () => {
    await http.call('PUT', policy, { ...body, learning_rate: 0.5, exploration_rate: 0.1 });
    const patch = {
      preferences: { genres: { Horror: null, Drama: 0.5 }, tags: { war: -0.5 } },
      constraints: [{ kind: 'hideSeen' }],
      learning_rate: null,
    };
    const answer = await http.call('PATCH', policy, patch, mergePatch);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.json).toMatchObject({
      constraints: [{ kind: 'hideSeen' }],
      learning_rate: null,
      exploration_rate: 0.1,
    });
    expect(answer.at('preferences')).toEqual({
      genres: { Comedy: 0.8, Drama: 0.5 },
      tags: { war: -0.5 },
    });
  });

  it('is checked like a PUT and changes nothing where it is refused', async () => {
    const put = await http.call('PUT', policy, body);
    for (const [patch, path] of [
      [{ preferences: { mood: { good: 1 } } }, 'preferences.mood'],
      [{ preferences: { genres: { Comedy: 2 } } }, 'preferences.genres.Comedy'],
      [{ constraints: [{ kind: 'nothing' }] }, 'constraints[0].kind'],
      [{ constraint: [] }, 'constraint'],
      [[], '$'],
      ['x', '$'],
    ] as const) {
      const answer = await http.call('PATCH', policy, JSON.stringify(patch), mergePatch);
      expect([answer.status, answer.at('fields.0.path')]).toEqual([400, path]);
    }
    expect((await http.call('GET', policy)).at('version')).toBe(put.at('version'));
  });

  it('takes other media types for a mistake', async () => {
    const answer = await http.call('PATCH', policy, '{}', { 'content-type': 'application/json-patch+json' });
    expect([answer.status, answer.at('fields.0.path')]).toEqual([415, 'header.content-type']);
  });

  it('keeps both of two changes at once, and gives up after as many other writers as there can be at once', async () => {
    let others = 1;
    const { users } = http.triptych;
    const write = users.putPolicy.bind(users);
    users.putPolicy = (tenant, user, context, given, expected) => {
      if (others-- > 0) {
        const { policy: stored } = users.policy(tenant, user, context);
        const tags = { ...stored.preferences.tags, [`t${others}`]: 1 };
        write(tenant, user, context, { ...stored, preferences: { ...stored.preferences, tags } }, undefined);
      }
      return write(tenant, user, context, given, expected);
    };
    const patch = { preferences: { genres: { Drama: 1 } } };
    const both = await http.call('PATCH', policy, patch, mergePatch);
    expect(both.at('preferences')).toEqual({ tags: { t0: 1 }, genres: { Drama: 1 } });
    others = limits.policyAttemptsMax;
    const given = await http.call('PATCH', policy, patch, mergePatch);
    expect([given.status, given.at('code')]).toEqual([412, 'precondition_failed']);
    others = 1;
    const any = await http.call('PATCH', policy, patch, { ...mergePatch, 'if-match': '*' });
    expect(any.status, any.text).toBe(200);
    others = 1;
    const named = await http.call('PATCH', policy, patch, {
      ...mergePatch,
      'if-match': any.headers.get('etag')!,
    });
    expect(named.status).toBe(412);
  });
});

describe('conditional writes', () => {
  it.each(['PUT', 'PATCH', 'DELETE'])('%s over anything reads once where nothing is', async (method) => {
    const { users } = http.triptych;
    const read = users.policy.bind(users);
    let reads = 0;
    users.policy = (...place) => {
      reads++;
      return read(...place);
    };
    const given = method === 'DELETE' ? undefined : {};
    expect((await http.call(method, policy, given, { 'if-match': '*' })).status).toBe(412);
    expect(reads).toBe(1);
  });

  const writes = [
    ['PUT', policy, body],
    ['PATCH', policy, { learning_rate: 0.5 }],
    ['DELETE', policy, undefined],
    ['PUT', '/v1/rules', kids],
  ] as const;

  it.each(writes)('%s %s: over the version that was read, and no other', async (method, path, given) => {
    const before = path === policy ? await http.call('PUT', policy, body) : await http.call('PUT', path, {});
    const etag = before.headers.get('etag')!;
    for (const other of ['"0"', '"999"', `W/${etag}`, '"abc"', '""', '"01"', '"99999999999999999999"']) {
      const refused = await http.call(method, path, given, { 'if-match': other });
      expect([other, refused.status, refused.at('code')]).toEqual([other, 412, 'precondition_failed']);
    }
    expect((await http.call('GET', path)).headers.get('etag')).toBe(etag);
    const done = await http.call(method, path, given, { 'if-match': etag });
    expect(done.status, done.text).toBe(method === 'DELETE' ? 204 : 200);
    expect((await http.call(method, path, given, { 'if-match': etag })).status).toBe(412);
  });

  it.each(writes)('%s %s: over anything, but not over nothing', async (method, path, given) => {
    expect((await http.call(method, path, given, { 'if-match': '*' })).status).toBe(412);
    await http.call('PUT', path, {});
    const done = await http.call(method, path, given, { 'if-match': ' * ' });
    expect(done.status, done.text).toBe(method === 'DELETE' ? 204 : 200);
  });

  it.each(writes.filter(([method]) => method === 'PUT'))(
    '%s %s: where nothing is',
    async (method, path, given) => {
      const nothing = (await http.call('GET', path)).headers.get('etag')!;
      expect((await http.call(method, path, given, { 'if-none-match': '*' })).status).toBe(200);
      expect((await http.call(method, path, given, { 'if-none-match': '*' })).status).toBe(412);
      expect((await http.call(method, path, given, { 'if-match': nothing })).status).toBe(412);
    },
  );

  it.each([
    ['PUT', 'if-match', '3'],
    ['PUT', 'if-match', '"1", "2"'],
    ['PUT', 'if-match', ''],
    ['DELETE', 'if-match', '"1'],
    ['PUT', 'if-none-match', '"1"'],
    ['PATCH', 'if-none-match', '*'],
    ['DELETE', 'if-none-match', '*'],
  ])('%s refuses %s: %s', async (method, name, value) => {
    const answer = await http.call(method, policy, method === 'DELETE' ? undefined : {}, { [name]: value });
    expect([answer.status, answer.at('fields.0.path')]).toEqual([400, `header.${name}`]);
  });

  it('refuses both conditions at once', async () => {
    const both = { 'if-match': '*', 'if-none-match': '*' };
    expect((await http.call('PUT', policy, {}, both)).at('fields.0.path')).toBe('header.if-none-match');
  });
});

describe('/v1/rules', () => {
  it('is empty before it is written', async () => {
    const answer = await http.call('GET', '/v1/rules');
    expect(answer.headers.get('etag')).toBe('"0"');
    expect(tenantRulesResponseSchema.parse(answer.json)).toMatchObject({
      rules: [],
      contexts: {},
      version: 0,
    });
  });

  it('comes back as it was written', async () => {
    const given = {
      rules: [{ kind: 'pin', id: 'a', rank: 300 }],
      contexts: {
        kids: {
          description: 'What children may see.',
          rules: [{ kind: 'maxRating', field: 'mpaa', value: 'PG', missing: 'drop' }],
          preferences: { genres: { Animation: 0.5 } },
        },
      },
    };
    // No profile ranks that deep.
    expect((await http.call('PUT', '/v1/rules', given)).at('fields.0.path')).toBe('rules[0].rank');
    given.rules = [{ kind: 'pin', id: 'a', rank: 100 }];
    const put = await http.call('PUT', '/v1/rules', given);
    expect(put.status, put.text).toBe(200);
    const got = await http.call('GET', '/v1/rules');
    expect(tenantRulesResponseSchema.parse(got.json)).toMatchObject({ ...given, version: put.at('version') });
    expect(got.headers.get('etag')).toBe(`"${put.at('version')}"`);
  });
});
