import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { eventsAckSchema } from '../../src/wire/event.ts';
import { exportLineSchema } from '../../src/wire/export.ts';
import type { FakeTriptych } from '../support/fake-triptych.ts';
import { FakeUsers } from '../support/fake-users.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';

let http: HttpHarness<FakeTriptych>;

beforeAll(async () => {
  http = await startHttp();
});

afterAll(() => http.close());

beforeEach(() => {
  const calm = async () => {};
  Object.assign(http.triptych, { users: new FakeUsers(), before: calm, beforeRecord: calm });
});

const event = (id: string, more: object = {}) => ({
  event_id: id,
  user: 'u/ü',
  document: 'a',
  type: 'like',
  ...more,
});
const send = (...events: object[]) => http.call('POST', '/v1/events', { events });
const logged = () => [...http.triptych.users.events.values()];

describe('POST /v1/events', () => {
  it('acknowledges new ones and known ones', async () => {
    const first = await send(event('e-1'), event('e-2', { type: 'rate', value: 4.5 }), event('e-1'));
    expect(first.status, first.text).toBe(202);
    expect(eventsAckSchema.parse(first.json)).toMatchObject({ accepted: 2, duplicates: 1 });
    expect((await send(event('e-2'))).json).toMatchObject({ accepted: 0, duplicates: 1 });
  });

  it('hands them on checked, with their time', async () => {
    const before = Date.now();
    await send(
      event('now'),
      event('then', { at: '2001-02-03T04:05:06+01:00', context: 'kids', request_id: 'r-1' }),
      event('day', { at: '1969-12-31' }),
      event('later', { at: '2999-01-01', type: 'rate', value: 1 }),
    );
    const [now, then, day, later] = logged();
    expect(now).toMatchObject({ user: 'u/ü', value: null, context: null, requestId: null });
    expect(now!.atMs).toBeGreaterThanOrEqual(before);
    expect(then).toMatchObject({ atMs: Date.UTC(2001, 1, 3, 3, 5, 6), context: 'kids', requestId: 'r-1' });
    expect(day!.atMs).toBe(-86_400_000);
    expect(later!.atMs).toBe(now!.atMs + limits.eventFutureMsMax);
    expect(later!.value).toBe(1);
  });

  it.each<[object, string]>([
    [{ type: 'rate' }, 'events[1].value'],
    [{ type: 'rate', value: 0.5 }, 'events[1].value'],
    [{ type: 'rate', value: 5.5 }, 'events[1].value'],
    [{ type: 'rate', value: '5' }, 'events[1].value'],
    [{ type: 'view', value: 3 }, 'events[1].value'],
    [{ type: 'love' }, 'events[1].type'],
    [{ event_id: '' }, 'events[1].event_id'],
    [{ event_id: 'a b' }, 'events[1].event_id'],
    [{ event_id: 'é' }, 'events[1].event_id'],
    [{ event_id: 'x'.repeat(limits.eventIdCharsMax + 1) }, 'events[1].event_id'],
    [{ user: '..' }, 'events[1].user'],
    [{ user: undefined }, 'events[1].user'],
    [{ document: 'a\n' }, 'events[1].document'],
    [{ context: 'a b' }, 'events[1].context'],
    [{ at: 'yesterday' }, 'events[1].at'],
    [{ at: '2001-02-30' }, 'events[1].at'],
    [{ at: '2001-02-03T10:00' }, 'events[1].at'],
    [{ at: 1e12 }, 'events[1].at'],
    [{ reward: 1 }, 'events[1].reward'],
  ])('refuses %j, and everything with it', async (more, path) => {
    const answer = await send(event('good'), event('bad', more));
    expect([answer.status, answer.at('code'), answer.at('fields.0.path')]).toEqual([
      400,
      'invalid_request',
      path,
    ]);
    expect(logged()).toEqual([]);
  });

  it.each([{}, { events: [] }, { events: Array(limits.eventsPerRequestMax + 1).fill(event('e')) }])(
    'refuses the envelope %#',
    async (body) => {
      const answer = await http.call('POST', '/v1/events', body);
      expect([answer.status, answer.at('fields.0.path')]).toEqual([400, 'events']);
    },
  );
});

const user = '/v1/users/u%2F%C3%BC';

describe('GET /v1/users/{id}/export', () => {
  async function lines(): Promise<{ kind: string }[]> {
    const answer = await http.call('GET', `${user}/export`);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    const parsed = answer.text
      .trimEnd()
      .split('\n')
      .map((line) => exportLineSchema.parse(JSON.parse(line)));
    expect(answer.text.endsWith('\n')).toBe(true);
    return parsed;
  }

  it('gives everything, policies first', async () => {
    await http.call('PUT', `${user}/policy`, {
      constraints: [{ kind: 'range', field: 'released', lt: '2000-01-01' }],
    });
    await send(event('e-1', { at: '2001-02-03' }), event('e-2', { type: 'view', user: 'someone-else' }));
    expect(await lines()).toMatchObject([
      {
        kind: 'policy',
        context: 'default',
        policy: { constraints: [{ kind: 'range', lt: '2000-01-01' }], version: 1 },
      },
      { kind: 'state', taste: { b64: 'AACAPwAAAAAAAAAAAAAAAA==' }, seen: ['a'], liked: [{ id: 'a' }] },
      {
        kind: 'event',
        event_id: 'e-1',
        at: '2001-02-03T00:00:00.000Z',
        received_at: '1970-01-01T00:00:01.000Z',
      },
    ]);
  });

  it('knows no unknown user', async () => {
    const answer = await http.call('GET', `${user}/export`);
    expect([answer.status, answer.at('code')]).toEqual([404, 'user_not_found']);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });

  it('says in its last line that it had to end early', async () => {
    await send(event('e-1'), event('e-2'));
    let records = 0;
    http.triptych.beforeRecord = async () => {
      if (++records === 3) throw new TriptychError('unavailable', 'the store is gone');
    };
    const all = await lines();
    expect(all.map(({ kind }) => kind)).toEqual(['state', 'event', 'error']);
    expect(all[2]).toMatchObject({ error: { code: 'unavailable', status: 503 } });

    records = 0;
    http.triptych.beforeRecord = async () => {
      if (++records === 2) throw new Error('secret');
    };
    const unexpected = await lines();
    expect(unexpected[1]).toMatchObject({ kind: 'error', error: { code: 'internal' } });
    expect(JSON.stringify(unexpected)).not.toContain('secret');
    expect(http.logs.filter(({ level }) => level === 'error')).toHaveLength(1);
  });
});

describe('DELETE /v1/users/{id}', () => {
  it('leaves nothing', async () => {
    await http.call('PUT', `${user}/policy`, {});
    await send(event('e-1'));
    const erased = await http.call('DELETE', user);
    expect([erased.status, erased.text]).toEqual([204, '']);
    expect(logged()).toEqual([]);
    expect((await http.call('DELETE', user)).at('code')).toBe('user_not_found');
    expect((await http.call('GET', `${user}/policy`)).at('version')).toBe(0);
  });

  it('is what the path of a user allows', async () => {
    const allowed = async (path: string) => (await http.call('OPTIONS', path)).headers.get('allow');
    expect(await allowed(user)).toBe('DELETE, OPTIONS');
    expect(await allowed(`${user}/policy`)).toBe('DELETE, GET, HEAD, OPTIONS, PATCH, PUT');
    expect(await allowed(`${user}/export`)).toBe('GET, HEAD, OPTIONS');
  });
});
