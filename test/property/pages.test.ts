import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Document } from '../../src/domain/document.ts';
import { builtInProfiles } from '../../src/domain/profile.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { SearchResponse } from '../../src/domain/search-response.ts';
import { limits } from '../../src/limits.ts';
import { rulesArbitrary } from '../support/policy-arbitraries.ts';
import {
  fanOfDocuments,
  inProcessParts,
  type SearchFixture,
  searchFixture,
} from '../support/search-fixture.ts';
import { eventOf } from '../support/user-fixture.ts';

const documents: readonly Document[] = fanOfDocuments(60);

const requestArbitrary: fc.Arbitrary<Partial<SearchRequest>> = fc
  .record({
    query: fc.option(fc.constantFrom('robot', 'space robot')),
    like: fc.subarray(['d1', 'd2', 'd3'], { maxLength: 2 }),
    user: fc.option(fc.constant('ann')),
    profile: fc.constantFrom(...builtInProfiles.map((profile) => profile.name)),
    diversity: fc.constantFrom(0, 0.5),
    constraints: rulesArbitrary,
    cache: fc.constantFrom('use' as const, 'skip' as const),
  })
  .filter(({ query, like, user }) => query !== null || like.length > 0 || user !== null);

/** What may happen between two pages. */
type Meanwhile = 'nothing' | 'events' | 'documents' | 'minutes';
const meanwhileArbitrary = fc.constantFrom<Meanwhile>('nothing', 'nothing', 'events', 'documents', 'minutes');

async function happen(fixture: SearchFixture, what: Meanwhile): Promise<void> {
  const { clock, service } = fixture;
  if (what === 'events')
    await clock.run(service.recordEvents('default', [eventOf(fixture, 'ann', 'd5', 'click')]));
  // Another document that everything likes to find first: a list that was made anew would begin with it.
  if (what === 'documents')
    await clock.run(
      service.write(
        'default',
        [
          {
            kind: 'put',
            document: { ...documents[0]!, id: `new ${clock.nowMs()}`, title: 'robot space robot' },
          },
        ],
        { waitSearchable: true },
      ),
    );
  if (what === 'minutes') await clock.run(clock.sleep(60_000));
}

describe('pages', () => {
  it('of any mix of sizes are the one list, without overlap, gap or change of order', async () => {
    await fc.assert(
      fc.asyncProperty(
        requestArbitrary,
        fc.array(fc.tuple(fc.integer({ min: 1, max: 25 }), meanwhileArbitrary), {
          minLength: 1,
          maxLength: 8,
        }),
        async (request, steps) => {
          const fixture = await searchFixture(inProcessParts, documents);
          const { clock } = fixture;
          const whole = await clock.run(fixture.search({ ...request, k: limits.kMax }));
          expect(whole.cursor).toBeNull();
          const pages: { readonly id: string; readonly rank: number; readonly score: number }[] = [];
          let cursor: string | null = null;
          // After the given sizes the rest is read to its end.
          for (const [k, meanwhile] of [...steps, ...Array<[number, Meanwhile]>(100).fill([9, 'nothing'])]) {
            const page: SearchResponse = await clock.run(fixture.search({ ...request, k, cursor }));
            expect(page.results.length).toBeLessThanOrEqual(k);
            pages.push(...page.results);
            cursor = page.cursor;
            if (cursor === null) break;
            expect(page.results.length).toBe(k);
            await happen(fixture, meanwhile);
          }
          expect(cursor).toBeNull();
          const brief = ({ id, rank, score }: (typeof pages)[number]) => ({ id, rank, score });
          expect(pages.map(brief)).toEqual(whole.results.map(brief));
          await clock.run(fixture.service.close());
        },
      ),
      { numRuns: 300 },
    );
  });
});
