import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { movieDemo } from '../../src/demo/movie-demo.ts';
import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { Document } from '../../src/domain/document.ts';
import { emptyPolicy } from '../../src/domain/policy.ts';
import { builtInProfiles } from '../../src/domain/profile.ts';
import type { Rule } from '../../src/domain/rule.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { SearchResponse } from '../../src/domain/search-response.ts';
import {
  inProcessParts,
  plainRequest,
  type SearchFixture,
  searchFixture,
} from '../support/search-fixture.ts';
import { learn } from '../support/user-fixture.ts';

/** The whole demo over stores in memory, with its declared contexts and a user who loves what children may not see. */
let fixture: SearchFixture;
let schema: CatalogueSchema;
let films: readonly Document[];
let restricted: readonly Document[];

const allowed = new Set(['G', 'PG']);
const ratingOf = (film: Document) => film.fields.mpaa ?? null;

beforeAll(async () => {
  const loaded = await movieDemo.load();
  schema = loaded.schema;
  films = loaded.documents.map((document) => ({ ...document, embedding: document.embedding! }));
  restricted = films.filter((film) => ratingOf(film) === 'R');
  fixture = await searchFixture(inProcessParts, films, { schema });
  const { service, clock } = fixture;
  await clock.run(service.putRules('default', movieDemo.rules, null));
  const constraints: Rule[] = [
    { kind: 'pin', id: restricted[0]!.id, rank: 1 },
    { kind: 'boost', facet: 'genres', values: ['Horror'], by: 0.5 },
    { kind: 'maxRating', field: 'mpaa', value: 'R', missing: 'keep' },
  ];
  const policy = { ...emptyPolicy, preferences: { genres: { Horror: 1 } }, constraints };
  for (const context of ['default', 'kids'])
    await clock.run(service.putPolicy('default', 'ann', context, policy, null));
  await learn(
    fixture,
    'ann',
    restricted.slice(0, 30).map(({ id }) => [id, 'like']),
  );
}, 120_000);

const anyFilm = fc.nat(100_000).map((index) => films[index % films.length]!);
const anyRestricted = fc.nat(100_000).map((index) => restricted[index % restricted.length]!);

/** Questions after restricted films in every way that there is, and requests that would have the rules relaxed. */
const requestArbitrary: fc.Arbitrary<Partial<SearchRequest>> = fc
  .record({
    query: fc.option(
      fc.oneof(
        anyRestricted.map(({ title }) => title),
        fc.constantFrom('horror', 'blood', 'war', 'rated R', 'superhero', 'love'),
      ),
    ),
    embedding: fc.option(anyRestricted.map((film) => film.embedding)),
    like: fc.array(
      anyRestricted.map(({ id }) => id),
      { maxLength: 3 },
    ),
    user: fc.option(fc.constantFrom('ann', 'bob')),
    filter: fc.option(
      fc.constantFrom(
        { kind: 'in', field: 'mpaa', values: ['R', 'NC-17'] } as const,
        { kind: 'facet', facet: 'genres', match: 'any', values: ['Horror'] } as const,
        { kind: 'not', of: { kind: 'in', field: 'mpaa', values: ['G'] } } as const,
      ),
      { freq: 2 },
    ),
    constraints: fc.oneof(
      fc.constant([]),
      anyRestricted.map(({ id }): Rule[] => [{ kind: 'pin', id, rank: 1 }]),
      anyRestricted.map(({ id }): Rule[] => [{ kind: 'idsOnly', ids: [id] }]),
      fc.constant<Rule[]>([{ kind: 'maxRating', field: 'mpaa', value: 'R', missing: 'keep' }]),
      fc.constant<Rule[]>([{ kind: 'minShare', facet: 'genres', value: 'Horror', share: 1, within: 10 }]),
    ),
    profile: fc.constantFrom(...builtInProfiles.map(({ name }) => name)),
    diversity: fc.constantFrom(0, 0.5),
    k: fc.constantFrom(10, 37, 100),
    cache: fc.constantFrom('use', 'skip'),
  })
  .filter(
    ({ query, embedding, filter, user, like }) => (query ?? embedding ?? filter ?? user ?? like[0]) != null,
  );

describe('the context kids of the demo', () => {
  it('has something to keep away', () => {
    expect(films).toHaveLength(3_201);
    expect(restricted.length).toBeGreaterThan(500);
  });

  it('never shows an R-rated film, whatever is asked, on no page', { timeout: 120_000 }, async () => {
    let shown = 0;
    const ratings = new Map(films.map((film) => [film.id, ratingOf(film)]));
    await fc.assert(
      fc.asyncProperty(requestArbitrary, async (request) => {
        let cursor: string | null = null;
        for (let page = 0; page < 10; page++) {
          const answer: SearchResponse = await fixture.clock.run(
            fixture.search({ ...request, context: 'kids', explain: 'none', cursor }),
          );
          for (const { id } of answer.results) expect(allowed, id).toContain(ratings.get(id));
          shown += answer.results.length;
          cursor = answer.cursor;
          if (cursor === null) break;
        }
      }),
      { numRuns: 250 },
    );
    expect(shown).toBeGreaterThan(5_000);
  });

  it('shows them to the same user elsewhere', async () => {
    const answer = await fixture.clock.run(fixture.search({ query: 'horror', user: 'ann', k: 100 }));
    const rated = new Set(restricted.map(({ id }) => id));
    expect(answer.results[0]!.id).toBe(restricted[0]!.id);
    expect(answer.results.filter(({ id }) => rated.has(id)).length).toBeGreaterThan(10);
  });

  it('says of each why: the rule of the context, and the rating', { timeout: 60_000 }, async () => {
    const { service, clock } = fixture;
    const explain = (id: string, request: Partial<SearchRequest>) =>
      clock.run(
        service.explain('default', { ...plainRequest, context: 'kids', ...request }, id, {
          startedAtMs: clock.nowMs(),
        }),
      );
    await fc.assert(
      fc.asyncProperty(anyFilm, fc.constantFrom(null, 'ann'), async (film, user) => {
        const why = await explain(film.id, { query: film.title, user });
        const rating = ratingOf(film);
        const named = why.droppedBy.find(({ rule }) => rule?.rule.kind === 'maxRating');
        if (typeof rating === 'string' && allowed.has(rating)) expect(named).toBeUndefined();
        else {
          expect(why.outcome).toBe('dropped');
          expect(named).toMatchObject({
            rule: { source: 'context', index: 0, rule: { value: 'PG' } },
            value: rating,
          });
        }
      }),
      { numRuns: 100 },
    );
  });

  it('drops a pin of the user with a warning', async () => {
    const answer = await fixture.clock.run(fixture.search({ query: 'space', user: 'ann', context: 'kids' }));
    expect(answer.warnings.map(({ code, rule }) => [code, rule?.source])).toEqual([
      ['pin_dropped', 'user'],
      ['pin_dropped', 'user_context'],
    ]);
  });
});
