import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matches } from '../../src/domain/predicate.ts';
import { builtInProfiles, type Profile } from '../../src/domain/profile.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { SearchResult } from '../../src/domain/search-response.ts';
import {
  documentsArbitrary,
  embeddingArbitrary,
  predicateArbitrary,
  testSchema,
} from '../support/arbitraries.ts';
import { inProcessParts, searchFixture } from '../support/search-fixture.ts';

/** The built-in profiles, and the same with legs of three candidates. */
const profiles: readonly Profile[] = builtInProfiles.flatMap((profile) => [
  profile,
  { ...profile, name: `${profile.name}-shallow`, legDepth: 3 },
]);

const requestArbitrary = fc
  .record({
    query: fc.option(
      fc.constantFrom('robot', 'lonely robot in space', 'cat', 'war love', 'robbot', 'Comedy'),
    ),
    embedding: fc.option(embeddingArbitrary),
    likeIndexes: fc.array(fc.nat(50), { maxLength: 3 }),
    filter: fc.option(predicateArbitrary),
    profile: fc.constantFrom(...profiles.map((profile) => profile.name)),
    diversity: fc.constantFrom(0, 0, 0.3, 1),
    k: fc.integer({ min: 1, max: 20 }),
  })
  .filter(
    ({ query, embedding, likeIndexes, filter }) => (query ?? embedding ?? filter ?? likeIndexes[0]) !== null,
  );

const sum = (result: SearchResult) =>
  Object.values(result.signals!).reduce((total, signal) => total + signal.contribution, 0);

const byOrder = (a: SearchResult, b: SearchResult) =>
  b.score - a.score || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id));

type Case = { documents: Parameters<typeof searchFixture>[1]; request: Partial<SearchRequest> };

const caseArbitrary: fc.Arbitrary<Case> = fc
  .record({ documents: documentsArbitrary, drawn: requestArbitrary })
  .map(({ documents, drawn: { likeIndexes, ...request } }) => {
    const like = documents.length === 0 ? [] : likeIndexes.map((i) => documents[i % documents.length]!.id);
    return { documents, request: { ...request, like: [...new Set(like)] } };
  })
  .filter(
    ({ request }) => (request.query ?? request.embedding ?? request.filter ?? request.like?.[0]) != null,
  );

describe('every answer', () => {
  it('is in order, unique, passes the filter, leaves the seeds out and is explained to the last millionth', async () => {
    await fc.assert(
      fc.asyncProperty(caseArbitrary, async ({ documents, request }) => {
        const fixture = await searchFixture(inProcessParts, documents, { profiles });
        const { results, total, degraded } = await fixture.clock.run(fixture.search(request));
        expect(degraded).toBe(false);
        expect(new Set(results.map((result) => result.id)).size).toBe(results.length);
        expect(results.map((result) => result.rank)).toEqual(results.map((_, i) => i + 1));
        if (request.diversity === 0) expect([...results].sort(byOrder)).toEqual(results);
        for (const result of results) {
          expect(Math.abs(sum(result) - result.score)).toBeLessThan(1e-6);
          expect(request.like).not.toContain(result.id);
          const document = documents.find((candidate) => candidate.id === result.id)!;
          if (request.filter) expect(matches(testSchema, document, request.filter)).toBe(true);
          expect(result.sources.length).toBeGreaterThan(0);
        }
        const passing = documents.filter(
          (document) => !request.filter || matches(testSchema, document, request.filter),
        );
        expect(total).toEqual({ value: passing.length, relation: 'eq' });
        // A filtered search never comes back short: the vector leg reaches everything that passes.
        const asks = request.query !== null || request.embedding !== null || request.like!.length > 0;
        if (asks && !request.profile!.endsWith('-shallow')) {
          const possible = passing.filter((document) => !request.like!.includes(document.id)).length;
          expect(results.length).toBe(Math.min(request.k!, possible));
        }
        await fixture.clock.run(fixture.service.close());
      }),
      { numRuns: 300 },
    );
  });

  it('is a prefix of the answer with a larger k', async () => {
    await fc.assert(
      fc.asyncProperty(caseArbitrary, async ({ documents, request }) => {
        const fixture = await searchFixture(inProcessParts, documents, { profiles });
        const short = await fixture.clock.run(fixture.search(request));
        const long = await fixture.clock.run(fixture.search({ ...request, k: 100 }));
        expect(long.results.slice(0, request.k)).toEqual(short.results);
        await fixture.clock.run(fixture.service.close());
      }),
      { numRuns: 150 },
    );
  });
});

describe("a document's score", () => {
  it('does not depend on depth, filter, k or diversity', async () => {
    await fc.assert(
      fc.asyncProperty(caseArbitrary, predicateArbitrary, async ({ documents, request }, filter) => {
        const fixture = await searchFixture(inProcessParts, documents, { profiles });
        // A fused rank counts within the leg's list by definition, so rrf is compared at one depth and filter only.
        const rrf = request.profile!.startsWith('rrf');
        const base = request.profile!.replace('-shallow', '');
        const variants: Partial<SearchRequest>[] = [
          { ...request, profile: base, k: 100 },
          { ...request, profile: base, k: 100, diversity: 0.5 },
          ...(rrf
            ? []
            : [
                { ...request, profile: `${base}-shallow`, k: 100 },
                { ...request, profile: base, k: 100, filter },
                { ...request, profile: `${base}-shallow`, k: 7, filter },
              ]),
        ];
        const scores = new Map<string, number>();
        // Filter alone asks another question than the same filter with a query.
        const sameQuestion = request.query || request.embedding || request.like!.length > 0;
        for (const variant of sameQuestion ? variants : variants.slice(0, 2)) {
          const { results } = await fixture.clock.run(fixture.search(variant));
          for (const { id, score } of results) {
            if (scores.has(id)) expect(score).toBe(scores.get(id));
            scores.set(id, score);
          }
        }
        await fixture.clock.run(fixture.service.close());
      }),
      { numRuns: 200 },
    );
  });
});
