import { beforeEach, describe, expect, it } from 'vitest';
import type { Rule } from '../../src/domain/rule.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import { unit } from '../support/arbitraries.ts';
import { delayed, delayedDocuments, type PartCall } from '../support/delayed-parts.ts';
import { plainRequest, type SearchFixture, searchFixture } from '../support/search-fixture.ts';
import { learn } from '../support/user-fixture.ts';

let calls: PartCall[];
let fixture: SearchFixture;

beforeEach(async () => {
  calls = [];
  fixture = await searchFixture(delayed({}, calls), delayedDocuments);
});

/** Reached by every document, and another one each time: no list of before answers. */
let minScore = -2;

/** Which indexes a search asked. */
async function asked(request: Partial<SearchRequest>): Promise<string[]> {
  calls.length = 0;
  minScore -= 1;
  await fixture.clock.run(fixture.search({ query: 'robot', minScore, ...request }));
  return calls.flatMap(({ part }) => (part === 'embedder' ? [] : [part])).sort();
}

const both = ['lexical', 'vector'];
const few: Rule = { kind: 'idsOnly', ids: ['d1', 'd2', 'd3'] };

describe('answers of the legs', () => {
  it('are shared between users, pages, contexts and levels of detail', async () => {
    expect(await asked({ user: 'ann' })).toEqual(both);
    expect(await asked({ user: 'bob', k: 3, explain: 'full' })).toEqual([]);
    expect(await asked({})).toEqual([]);
  });

  it('are shared under equal rules that are pushed down, whoever declares them, and not under others', async () => {
    expect(await asked({ user: 'ann' })).toEqual(both);
    expect(await asked({ user: 'ann', constraints: [few] })).toEqual(both);
    expect(await asked({ user: 'bob', constraints: [few] })).toEqual([]);
    expect(await asked({ constraints: [{ kind: 'idsOnly', ids: ['d1', 'd2'] }] })).toEqual(both);
    expect(await asked({ user: 'ann' })).toEqual([]);
  });

  it('are neither used nor kept with cache: skip', async () => {
    expect(await asked({ cache: 'skip' })).toEqual(both);
    expect(await asked({})).toEqual(both);
    expect(await asked({ cache: 'skip' })).toEqual(both);
  });

  it('are not shared between questions', async () => {
    await asked({});
    expect(await asked({ query: 'space' })).toEqual(['lexical']);
    const embedding = unit([0, 1, 0, 0, 0, 0, 0, 0]);
    expect(await asked({ embedding })).toEqual(['vector']);
    expect(await asked({ embedding })).toEqual([]);
  });

  it('do not outlive the epoch', async () => {
    await asked({});
    const { service, clock } = fixture;
    await clock.run(service.write('default', [{ kind: 'delete', id: 'd4' }], { waitSearchable: true }));
    expect(await asked({})).toEqual(both);
    expect(await asked({})).toEqual([]);
  });

  it('under conditions that are one user’s own are not kept', async () => {
    await learn(fixture, 'ann', [['d2', 'hide']]);
    // Who asks is at hand from the first search on; until then the legs of the question start without it.
    for (const user of ['ann', 'bob']) await asked({ user });
    const request = { user: 'ann', constraints: [few] };
    expect(await asked(request)).toEqual(both);
    expect(await asked(request)).toEqual(both);
    // Nobody else has hidden anything.
    expect(await asked({ ...request, user: 'bob' })).toEqual(both);
    expect(await asked({ ...request, user: 'bob' })).toEqual([]);
  });

  it('to a taste are one user’s own, too', async () => {
    await learn(fixture, 'ann', [['d2', 'like']]);
    await asked({ user: 'ann' });
    expect(await asked({ user: 'ann' })).toEqual(['graph', 'vector']);
  });

  it('that failed are not kept', async () => {
    const broken = await searchFixture((clock) => {
      const parts = delayed({}, calls)(clock);
      const { search } = parts.text;
      let failures = 1;
      const failing: typeof search = async (query) => {
        if (failures-- > 0) throw new Error('gone');
        return search(query);
      };
      return { ...parts, text: { search: failing } };
    }, delayedDocuments);
    fixture = broken;
    expect(await asked({})).toEqual(['vector']);
    expect(await asked({})).toEqual(['lexical']);
    expect(await asked({})).toEqual([]);
  });

  it('are not shared between tenants', async () => {
    const two = await searchFixture(delayed({}, calls), delayedDocuments, {
      others: { acme: delayedDocuments },
    });
    fixture = two;
    expect(await asked({})).toEqual(both);
    fixture = {
      ...two,
      search: (request) =>
        two.service.search('acme', { ...plainRequest, ...request }, { startedAtMs: two.clock.nowMs() }),
    };
    expect(await asked({})).toEqual(both);
  });
});
