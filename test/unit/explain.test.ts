import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyPolicy } from '../../src/domain/policy.ts';
import { builtInProfiles } from '../../src/domain/profile.ts';
import type { HardRule, Rule } from '../../src/domain/rule.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { SearchResponse, WhyNot } from '../../src/domain/search-response.ts';
import {
  fanOfDocuments,
  inProcessParts,
  plainRequest,
  type SearchFixture,
  searchFixture,
} from '../support/search-fixture.ts';
import { learn } from '../support/user-fixture.ts';

/** d0..d59 turn away from each other step by step; d0, d2, ... speak of robots, d0, d3, ... are comedies. */
const documents = fanOfDocuments(60).map((document, i) => ({
  ...document,
  fields: { ...document.fields, ...(i % 5 > 0 && { mpaa: i % 2 === 0 ? 'PG' : 'R' }) },
}));
/** A profile with short legs and lists, so that there is something below the floor and outside the window. */
const narrow = { ...builtInProfiles[0]!, name: 'narrow', legDepth: 20, rankDepth: 10 };

let fixture: SearchFixture;

beforeEach(async () => {
  fixture = await searchFixture(inProcessParts, documents, { profiles: [...builtInProfiles, narrow] });
});

afterEach(() => fixture.clock.run(fixture.service.close()));

const asked: Partial<SearchRequest> = {
  query: 'robot',
  profile: 'narrow',
  cache: 'skip',
  k: 100,
  explain: 'full',
};

function search(request: Partial<SearchRequest> = {}): Promise<SearchResponse> {
  return fixture.clock.run(fixture.search({ ...asked, ...request }));
}

function why(id: string, request: Partial<SearchRequest> = {}): Promise<WhyNot> {
  const { service, clock } = fixture;
  return clock.run(
    service.explain('default', { ...plainRequest, ...asked, ...request }, id, { startedAtMs: clock.nowMs() }),
  );
}

/** The score of a document that nothing else competes with. */
async function scoreAlone(id: string, request: Partial<SearchRequest> = {}): Promise<number> {
  const { results } = await search({ ...request, filter: { kind: 'ids', ids: [id] } });
  return results[0]!.score;
}

const ids = (answer: SearchResponse) => answer.results.map((result) => result.id);

describe('a document in the list', () => {
  it('is explained as the search shows it', async () => {
    const { results } = await search({ like: ['d31'] });
    expect(results).toHaveLength(10);
    for (const result of results) {
      const { id, score, ranks, signals, sources } = result;
      const answer = await why(id, { like: ['d31'] });
      expect(answer).toMatchObject({ id, outcome: 'ranked', inWindow: true, score, ranks, signals, sources });
      expect(answer.path).toEqual(result.path ?? null);
      expect([answer.droppedBy, answer.pushedBy, answer.adjustedBy]).toEqual([[], [], []]);
    }
  });

  it('is explained whatever page was asked for', async () => {
    const { cursor } = await search({ k: 2 });
    expect((await why(ids(await search())[7]!, { k: 2, cursor })).ranks!.final).toBe(8);
  });
});

describe('a document that a hard rule drops', () => {
  const kinds: readonly (readonly [string, HardRule, WhyNot['droppedBy'][number]['value']])[] = [
    ['d6', { kind: 'exclude', facet: 'genres', values: ['Comedy'] }, ['Comedy']],
    [
      'd6',
      { kind: 'require', facet: 'genres', match: 'any', values: ['Drama'], missing: 'drop' },
      ['Comedy'],
    ],
    ['d6', { kind: 'require', facet: 'tags', match: 'any', values: ['x'], missing: 'drop' }, null],
    ['d6', { kind: 'range', field: 'year', gte: 1990, missing: 'drop' }, 1986],
    ['d6', { kind: 'idsOnly', ids: ['d1'] }, 'd6'],
    ['d6', { kind: 'idsExclude', ids: ['d6'] }, 'd6'],
    ['d7', { kind: 'maxRating', field: 'mpaa', value: 'PG-13', missing: 'drop' }, 'R'],
    ['d10', { kind: 'maxRating', field: 'mpaa', value: 'PG-13', missing: 'drop' }, null],
    ['d6', { kind: 'freshness', field: 'released', maxAgeDays: 3650, missing: 'drop' }, '1986-01-01'],
  ];

  it.each(kinds)('%s: %j names rule, source, place and value', async (id, rule, value) => {
    const harmless: Rule = { kind: 'idsExclude', ids: ['nobody'] };
    await fixture.clock.run(
      fixture.service.putRules('default', { rules: [harmless, rule], contexts: {} }, null),
    );
    const answer = await why(id);
    expect(answer.outcome).toBe('dropped');
    expect(answer.droppedBy).toEqual([{ rule: { rule, source: 'tenant', index: 1 }, value }]);
    expect(answer.ranks).toBeNull();
    expect(answer.score).toBeGreaterThan(0);
  });

  it('that every source has is named once for each, strongest first, and the filter without a rule', async () => {
    const { service, clock } = fixture;
    const rule: Rule = { kind: 'exclude', facet: 'genres', values: ['Comedy'] };
    const contexts = { kids: { description: '', rules: [rule], preferences: {} } };
    await clock.run(service.putRules('default', { rules: [rule], contexts }, null));
    for (const context of ['default', 'kids'])
      await clock.run(
        service.putPolicy('default', 'ann', context, { ...emptyPolicy, constraints: [rule] }, null),
      );
    await learn(fixture, 'ann', [['d6', 'hide']]);
    const { droppedBy } = await why('d6', {
      user: 'ann',
      context: 'kids',
      constraints: [{ kind: 'hideSeen' }, rule],
      filter: { kind: 'facet', facet: 'genres', match: 'any', values: ['Drama'] },
    });
    expect(
      droppedBy.map(({ rule: named, value }) => [named?.source ?? null, named?.index ?? null, value]),
    ).toEqual([
      [null, null, null],
      ['tenant', 0, ['Comedy']],
      ['context', 0, ['Comedy']],
      ['user', 0, ['Comedy']],
      ['user_context', 0, ['Comedy']],
      ['request', 1, ['Comedy']],
      ['events', 0, 'd6'],
    ]);
  });

  it('because the user has seen it, or hidden it, among many', async () => {
    const many = documents.slice(20, 50).map(({ id }) => [id, 'hide'] as const);
    await learn(fixture, 'ann', [...many, ['d6', 'view']]);
    expect((await why('d6', { user: 'ann', constraints: [{ kind: 'hideSeen' }] })).droppedBy).toEqual([
      { rule: { rule: { kind: 'hideSeen' }, source: 'request', index: 0 }, value: 'd6' },
    ]);
    expect((await why('d45', { user: 'ann' })).droppedBy).toEqual([
      { rule: { rule: { kind: 'idsExclude', ids: ['d45'] }, source: 'events', index: 0 }, value: 'd45' },
    ]);
    expect((await why('d45', { user: 'bob' })).outcome).not.toBe('dropped');
  });
});

describe('a document that is not in the list', () => {
  it('has its exact score and the floor: what the last of the list has', async () => {
    const answer = await search();
    const floor = answer.results.at(-1)!.score;
    const outside = documents.filter(({ id }) => !ids(answer).includes(id));
    const outcomes = new Set<string>();
    for (const { id } of outside) {
      const found = await why(id);
      expect(found.floor).toBe(floor);
      expect(found.score, id).toBe(await scoreAlone(id));
      expect(found.ranks).toBeNull();
      if (found.outcome === 'below_floor') expect(found.score).toBeLessThanOrEqual(floor);
      else expect(found.score).toBeGreaterThanOrEqual(floor);
      expect(found.inWindow).toBe(found.sources.length > 0);
      outcomes.add(`${found.outcome} ${found.inWindow}`);
    }
    expect(outcomes).toContain('below_floor true');
    expect(outcomes).toContain('below_floor false');
  });

  it('though it scores enough, was not recalled', async () => {
    // The boost makes much of what no leg brings among its best twenty.
    const request: Partial<SearchRequest> = {
      constraints: [{ kind: 'boost', facet: 'directors', values: ['D3'], by: 0.5 }],
    };
    const answer = await search(request);
    const missing: string[] = [];
    for (const { id } of documents) if ((await why(id, request)).outcome === 'not_recalled') missing.push(id);
    expect(missing.length).toBeGreaterThan(0);
    for (const id of missing) {
      const found = await why(id, request);
      expect(found).toMatchObject({ inWindow: false, sources: [], floor: answer.results.at(-1)!.score });
      expect(found.score).toBeGreaterThan(found.floor!);
    }
  });

  it('because one asked for more like it, is a seed', async () => {
    expect(await why('d4', { like: ['d4'] })).toMatchObject({ outcome: 'seed', droppedBy: [], ranks: null });
  });

  it('does not reach min_score, which is the floor while the list has room', async () => {
    const whole = await search({ profile: 'linear' });
    const minScore = whole.results[4]!.score;
    const request = { profile: 'linear', minScore };
    expect(await why(ids(whole)[4]!, request)).toMatchObject({ outcome: 'ranked', floor: minScore });
    const below = await why(ids(whole)[30]!, request);
    expect(below).toMatchObject({ outcome: 'below_floor', inWindow: true, floor: minScore });
    expect(below.score).toBeLessThan(minScore);
    // A list that is full asks for more than that.
    const full = await search({ minScore: 0.001 });
    expect((await why('d59', { minScore: 0.001 })).floor).toBe(full.results.at(-1)!.score);
  });

  it('has no floor while there is room for everything', async () => {
    expect((await why('d59', { profile: 'linear' })).floor).toBeNull();
  });

  it('or in the catalogue, is 404', async () => {
    await expect(why('nobody')).rejects.toMatchObject({
      code: 'document_not_found',
      fields: [{ path: 'document' }],
    });
  });

  it('was pushed off its end by pins, which are named', async () => {
    const before = ids(await search());
    // Pinned documents that score less than any of the list are there besides its ten best.
    const scored = await Promise.all(documents.map(async ({ id }) => ({ id, score: await scoreAlone(id) })));
    const [worst, bad] = scored.sort((a, b) => a.score - b.score).map(({ id }) => id) as [string, string];
    const pins: Rule[] = [
      { kind: 'pin', id: worst, rank: 1 },
      { kind: 'pin', id: bad, rank: 2 },
    ];
    const after = await search({ constraints: pins });
    expect(ids(after)).toEqual([worst, bad, ...before.slice(0, 8)]);
    for (const id of before.slice(8)) {
      const pushed = await why(id, { constraints: pins });
      expect(pushed).toMatchObject({ outcome: 'below_floor', inWindow: true, ranks: null });
      expect(pushed.score).toBeGreaterThanOrEqual(pushed.floor!);
      expect(pushed.pushedBy).toEqual(
        pins.map((rule, index) => ({ stage: 'rules', ranks: 1, rule: { rule, source: 'request', index } })),
      );
    }
  });
});

describe('a document that was moved down', () => {
  it('by diversity: how many ranks', async () => {
    const request = { profile: 'linear', diversity: 0.9 };
    const { results } = await search(request);
    const moved = results.filter(({ ranks }) => ranks!.diverse > ranks!.fused);
    expect(moved.length).toBeGreaterThan(0);
    for (const { id, ranks } of results) {
      const down = ranks!.diverse - ranks!.fused;
      expect((await why(id, request)).pushedBy).toEqual(
        down > 0 ? [{ stage: 'diversity', ranks: down, rule: null }] : [],
      );
    }
  });

  it.each<[string, Rule]>([
    ['a pin', { kind: 'pin', id: 'd40', rank: 1 }],
    ['a quota', { kind: 'quota', facet: 'directors', max: 1, within: 4 }],
    ['a share', { kind: 'minShare', facet: 'genres', value: 'Comedy', share: 1, within: 5 }],
    ['a spacing', { kind: 'spacing', facet: 'directors', gap: 3 }],
  ])('by %s: the rule and how many ranks', async (_, rule) => {
    const request = { profile: 'linear', constraints: [rule] };
    const { results } = await search(request);
    const moved = results.filter(({ ranks }) => ranks!.final > ranks!.diverse);
    expect(moved.length).toBeGreaterThan(0);
    for (const { id, ranks } of moved.slice(0, 5))
      expect((await why(id, request)).pushedBy).toEqual([
        { stage: 'rules', ranks: ranks!.final - ranks!.diverse, rule: { rule, source: 'request', index: 0 } },
      ]);
    const risen = results.filter(({ ranks }) => ranks!.final <= ranks!.diverse);
    for (const { id } of risen.slice(0, 5)) expect((await why(id, request)).pushedBy).toEqual([]);
  });

  it('or up, by soft rules: each that applies, and by how much', async () => {
    const { service, clock } = fixture;
    const rules: Rule[] = [{ kind: 'boost', facet: 'genres', values: ['Comedy'], by: 0.25 }];
    await clock.run(service.putRules('default', { rules, contexts: {} }, null));
    const bury: Rule = { kind: 'bury', facet: 'directors', values: ['D2'], by: 0.125 };
    const found = await why('d6', {
      constraints: [{ kind: 'bury', facet: 'tags', values: ['x'], by: 0.5 }, bury],
    });
    expect(found.adjustedBy).toEqual([
      { rule: { rule: rules[0], source: 'tenant', index: 0 }, by: 0.25 },
      { rule: { rule: bury, source: 'request', index: 1 }, by: -0.125 },
    ]);
    expect(found.signals.rules).toEqual({ value: 0.125, weight: 1, contribution: 0.125 });
  });
});
