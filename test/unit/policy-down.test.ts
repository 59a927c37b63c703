import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyPolicy } from '../../src/domain/policy.ts';
import { builtInProfiles } from '../../src/domain/profile.ts';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import {
  fanOfDocuments,
  inProcessParts,
  type SearchFixture,
  searchFixture,
} from '../support/search-fixture.ts';

/** A policy store that somebody else writes too, so that each search has to ask it, and that can be made to break. */
let fixture: SearchFixture;

const documents = fanOfDocuments(20);
const exclude = { kind: 'exclude', facet: 'genres', values: ['Comedy'] } as const;
const onlyComedy = {
  kind: 'require',
  facet: 'genres',
  match: 'any',
  values: ['Comedy'],
  missing: 'drop',
} as const;

beforeEach(async () => {
  fixture = await searchFixture(inProcessParts, documents, {
    soleWriter: false,
    profiles: [...builtInProfiles, { ...builtInProfiles[0]!, name: 'careful', policyRequired: true }],
  });
  const { service, clock } = fixture;
  const contexts = { kids: { description: '', rules: [onlyComedy], preferences: {} } };
  await clock.run(service.putRules('default', { rules: [], contexts }, null));
  await clock.run(
    service.putPolicy('default', 'ann', 'default', { ...emptyPolicy, constraints: [exclude] }, null),
  );
});

afterEach(() => fixture.clock.run(fixture.service.close()));

const ask = (request: Parameters<SearchFixture['search']>[0] = {}) =>
  fixture.clock.run(fixture.search({ query: 'robot', user: 'ann', ...request }));

/** How the store breaks: it refuses, or it never answers. */
const faults = {
  refuses: async () => {
    throw new Error('driver text that must not reach anybody: postgres://user:secret@host');
  },
  hangs: () => new Promise<never>(() => {}),
};

function breakStore(how: keyof typeof faults): void {
  fixture.users.head = faults[how];
  fixture.users.rules = faults[how];
}

describe.each(['refuses', 'hangs'] as const)('a policy store that %s', (how) => {
  it('is stood in for by the last good copy, which is said and not kept', async () => {
    await ask();
    breakStore(how);
    const answer = await ask();
    expect(answer.total.value).toBe(13);
    expect(answer.warnings).toContainEqual(expect.objectContaining({ code: 'policy_stale' }));
    expect(answer.coverage.policy).toMatchObject({ state: 'ok', reason: 'last_good_copy' });
    expect(answer.degraded).toBe(false);
    expect((await ask()).cached).toBe(false);
    expect(JSON.stringify(answer)).not.toContain('secret');
  });

  it('is stood in for within ten minutes only', async () => {
    await ask();
    breakStore(how);
    fixture.clock.hold(limits.policyStaleMsMax - 10_000);
    expect((await ask()).warnings).toContainEqual(expect.objectContaining({ code: 'policy_stale' }));
    fixture.clock.hold(20_000);
    expect((await ask()).degraded).toBe(true);
  });

  it('without a copy leaves the context default unpersonalised, degraded and said', async () => {
    breakStore(how);
    const answer = await ask();
    expect(answer.degraded).toBe(true);
    expect(answer.total.value).toBe(20);
    expect(answer.warnings).toContainEqual(expect.objectContaining({ code: 'policy_unavailable' }));
    expect(answer.coverage.policy?.state).toBe(how === 'hangs' ? 'late' : 'failed');
    expect(answer.results.length).toBeGreaterThan(0);
    expect(answer.tookMs).toBeLessThanOrEqual(500);
  });

  it('that said what the tenant forbids, but nothing of this user, is no reason to show it', async () => {
    const { service, clock, users } = fixture;
    const rules = [{ kind: 'idsExclude', ids: ['d0', 'd2'] }] as const;
    await clock.run(service.putRules('default', { rules, contexts: {} }, undefined));
    await ask();
    users.head = faults[how];
    const answer = await ask({ user: 'new here' });
    expect(answer.total.value).toBe(18);
    expect([answer.degraded, answer.coverage.policy!.state]).toEqual([
      true,
      how === 'hangs' ? 'late' : 'failed',
    ]);
    expect(answer.warnings).toMatchObject([
      { code: 'policy_unavailable', message: expect.stringContaining("only the tenant's last known rules") },
    ]);
  });

  it('but for the rules, which come later, is no reason to forget them from the start', async () => {
    const { service, clock, users } = fixture;
    const rules = [{ kind: 'idsExclude', ids: ['d0', 'd2'] }] as const;
    await clock.run(service.putRules('default', { rules, contexts: {} }, undefined));
    users.head = faults[how];
    const read = users.rules.bind(users);
    users.rules = async (tenant) => {
      await clock.sleep(5);
      return read(tenant);
    };
    const answer = await ask();
    expect([answer.total.value, answer.degraded]).toEqual([18, true]);
    expect(answer.coverage.policy!.state).toBe(how === 'hangs' ? 'late' : 'failed');
  });

  it('without a copy is 504 where an incomplete answer is not wanted', async () => {
    breakStore(how);
    await expect(ask({ partial: false })).rejects.toMatchObject({ code: 'deadline_exceeded' });
  });

  it('without a copy is 503 in any other context: what it forbids is not known', async () => {
    breakStore(how);
    await expect(ask({ context: 'kids' })).rejects.toMatchObject({ code: 'policy_unavailable', status: 503 });
    await expect(ask({ context: 'kids', user: null })).rejects.toMatchObject({ code: 'policy_unavailable' });
  });

  it('without a copy is 503 where the profile requires a policy', async () => {
    breakStore(how);
    const failure = await ask({ profile: 'careful' }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TriptychError);
    expect(failure).toMatchObject({ code: 'policy_unavailable', retryAfterSeconds: 1 });
  });

  it('is noticed when it is back', async () => {
    const { head, rules } = fixture.users;
    breakStore(how);
    await ask();
    Object.assign(fixture.users, { head, rules });
    const answer = await ask();
    expect([answer.degraded, answer.total.value]).toEqual([false, 13]);
  });
});

describe('contexts', () => {
  it('must be declared', async () => {
    await expect(ask({ context: 'nobody' })).rejects.toMatchObject({
      code: 'unknown_context',
      fields: [{ path: 'context', message: 'one of default, kids' }],
    });
  });

  it('add their rules to those of the user', async () => {
    expect((await ask({ context: 'kids' })).total.value).toBe(0);
    expect((await ask({ context: 'kids', user: 'bob' })).total.value).toBe(7);
  });
});

/** Selective enough to be pushed into the legs. */
const old = { kind: 'range', field: 'year', lt: 1985, missing: 'drop' } as const;

describe('a policy store that hangs, before legs that take their time', () => {
  it('leaves them the time to be asked again under the hard rules of the copy', async () => {
    const slow = await searchFixture(
      (clock) => {
        const parts = inProcessParts();
        const late = async <T>(work: () => Promise<T>): Promise<T> => {
          await clock.sleep(60);
          return work();
        };
        return {
          ...parts,
          text: { search: (query) => late(() => parts.text.search(query)) },
          vector: { search: (query) => late(() => parts.vector.search(query)) },
        };
      },
      documents,
      { soleWriter: false },
    );
    const { service, clock } = slow;
    await clock.run(service.putRules('default', { rules: [old], contexts: {} }, null));
    await clock.run(slow.search({ query: 'space', user: 'ann' }));
    slow.users.head = faults.hangs;
    slow.users.rules = faults.hangs;
    const answer = await clock.run(slow.search({ query: 'robot', user: 'ann' }));
    expect([answer.degraded, answer.total.value]).toEqual([false, 5]);
    expect(answer.coverage.lexical?.state).toBe('ok');
    expect(answer.tookMs).toBe(225 + 60);
    await clock.run(service.close());
  });
});

describe('what must not be answered without rules', () => {
  it('similar documents are refused: they have nothing to go by but the rules', async () => {
    breakStore('refuses');
    const near = () => fixture.clock.run(fixture.service.similar('default', 'd0', 5, { startedAtMs: 1_000 }));
    await expect(near()).rejects.toMatchObject({ code: 'policy_unavailable' });
  });

  it('a later page without the policy is refused where an incomplete answer is not wanted', async () => {
    await ask();
    breakStore('refuses');
    fixture.clock.hold(limits.policyStaleMsMax - 10_000);
    const { cursor } = await ask({ k: 2 });
    expect((await ask({ k: 2, cursor, partial: false })).degraded).toBe(false);
    fixture.clock.hold(20_000);
    const page = await ask({ k: 2, cursor });
    expect([page.degraded, page.results.length]).toEqual([true, 2]);
    await expect(ask({ k: 2, cursor, partial: false })).rejects.toMatchObject({ code: 'deadline_exceeded' });
  });
});
