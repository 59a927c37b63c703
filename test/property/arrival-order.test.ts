import { beforeAll, describe, expect, it } from 'vitest';
import type { Document } from '../../src/domain/document.ts';
import { builtInProfiles } from '../../src/domain/profile.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { UserEvent } from '../../src/domain/user-event.ts';
import { limits } from '../../src/limits.ts';
import type { DocumentWrite } from '../../src/ports/document-store.ts';
import { Random } from '../support/random.ts';
import { inProcessParts, type SearchFixture, searchFixture } from '../support/search-fixture.ts';

/**
 * Enough documents that every list is cut somewhere: legs at 300, the window and the graph's support at 1,000, edges at
 * 20, expansions at 16. What is in a document is drawn from so little that whoever stands at a cut has equals on the
 * other side of it: only the total order may decide which of them stay.
 */
const documentCount = 1_200;
const replacedCount = 500;
const deletedCount = 600;

const random = new Random('arrival order');
const pick = <T>(from: readonly T[]): T => from[random.integer(from.length)]!;
const some = <T>(from: readonly T[], most: number): T[] => [
  ...new Set(Array.from({ length: random.integer(most + 1) }, () => pick(from))),
];

const endings = ['a', 'e', 'i', 'o', 'u', 'y', 's', 'n', 'r', 't', 'm', 'l', 'd', 'k', 'p', 'b', 'g', 'f'];
/** More words one edit from `gardexz` and `rixer` than stand in for one, and more that begin with `harv`. */
const words = [
  ...endings.flatMap((end) => [`garde${end}z`, `harvest${end}`, `mountain${end}`, `ri${end}er`]),
  ...['robot', 'robots', 'space', 'love', 'war', 'lonely'],
];
const vectors = Array.from({ length: 90 }, () => random.unitVector(8));
const bodies = Array.from({ length: 250 }, () => ({
  title: Array.from({ length: 3 }, () => pick(words)).join(' '),
  text: Array.from({ length: 4 + random.integer(8) }, () => pick(words)).join(' '),
}));
const directors = Array.from({ length: 40 }, (_, i) => `Director ${i}`);
const tags = Array.from({ length: 60 }, (_, i) => `tag ${i}`);
const idOf = (index: number) => `document ${index}`;

function drawn(id: string): Document {
  const popularity = pick([1, 5, 5, 5, 90, null]);
  const relations = some([1, 2, 3, 4, 5].map(idOf), 2).map((to) => ({
    type: 'SEQUEL',
    id: to,
    strength: 0.5,
  }));
  return {
    id,
    ...pick(bodies),
    facets: {
      genres: some(['Comedy', 'Drama', 'Horror'], 2),
      directors: some(directors, 2),
      tags: some(tags, 3),
    },
    fields: {
      year: 1980 + random.integer(40),
      released: `${1980 + random.integer(40)}-01-01`,
      ...(popularity === null ? {} : { votes: popularity }),
    },
    relations: relations.filter((relation) => relation.id !== id),
    embedding: pick(vectors),
  };
}

const documents = Array.from({ length: documentCount }, (_, index) => drawn(idOf(index)));
const put = (document: Document): DocumentWrite => ({ kind: 'put', document });

/** A catalogue that was filled while it was live, in batches of all sizes; what is waited for ends an epoch. */
async function filledWith(writes: readonly DocumentWrite[]): Promise<SearchFixture> {
  const fixture = await searchFixture(inProcessParts, []);
  const { store } = fixture;
  const { generation } = (await store.catalogue('default'))!;
  for (let at = 0; at < writes.length; ) {
    const count = pick([1, 2, 30, 250]);
    // Beside the write path, which scales vectors to length 1 and may move their last bits.
    await store.write('default', generation, writes.slice(at, at + count));
    at += count;
    if (random.integer(3) === 0) await untilSearchable(fixture);
  }
  await untilSearchable(fixture);
  return fixture;
}

async function untilSearchable({ service, clock }: SearchFixture): Promise<void> {
  const { searchable } = await clock.run(service.write('default', [], { waitSearchable: true }));
  expect(searchable).toBe(true);
}

/** Other contents first, and documents that go again: what is left is the same. */
function detour(): DocumentWrite[] {
  const shuffled = random.shuffle(documents);
  const gone = Array.from({ length: deletedCount }, (_, i) => `gone ${i}`);
  return [
    ...random.shuffle([
      ...shuffled.slice(0, replacedCount).map(({ id }) => put(drawn(id))),
      ...gone.map((id) => put(drawn(id))),
    ]),
    ...random.shuffle([...documents.map(put), ...gone.map((id): DocumentWrite => ({ kind: 'delete', id }))]),
  ];
}

const user = 'ann';

function likes(atMs: number): UserEvent[] {
  const types = ['like', 'like', 'click', 'dislike', 'view'] as const;
  return types.map((type, i) => ({
    eventId: `event ${i}`,
    user,
    document: idOf(i * 7),
    type,
    value: null,
    context: null,
    atMs,
    requestId: null,
  }));
}

/** Known words, words that stand for many others, and the end of one that is not finished. */
const queries = ['lonely robot space', 'gardexz harvestxx', 'mountainxx rixer', 'love harv'];

const requests: readonly Partial<SearchRequest>[] = [
  ...queries.flatMap((query, i) =>
    builtInProfiles.map(({ name: profile }) => ({
      query,
      embedding: vectors[i]!,
      profile,
      like: [idOf(10 * i), idOf(10 * i + 1)],
    })),
  ),
  ...builtInProfiles.map(({ name: profile }) => ({ profile, user })),
  { query: 'robots', user, diversity: 0.5 },
  { like: [idOf(1), idOf(3)], includeRelationships: true },
  { filter: { kind: 'facet', facet: 'directors', match: 'any', values: directors.slice(0, 4) } },
  { query: 'war', filter: { kind: 'range', field: 'year', gte: 2000 }, include: ['facet_counts'] },
];

/** Everything of the answers that speaks of documents. */
async function answersOf(fixture: SearchFixture) {
  const { clock, service } = fixture;
  const atMs = clock.startEpochMs;
  await clock.run(service.recordEvents('default', likes(atMs)));
  await clock.run(clock.sleep(1_000));
  const answers = [];
  for (const request of requests) {
    const search = fixture.search({ k: limits.kMax, explain: 'full', cache: 'skip', ...request });
    const { results, total, degraded, facetCounts, coverage } = await clock.run(search);
    const candidates = Object.entries(coverage).map(([leg, covered]) => [leg, covered?.candidates]);
    answers.push({ request, results, total, degraded, facetCounts, candidates });
  }
  return answers;
}

describe('searches of one set of documents', () => {
  let wanted: Awaited<ReturnType<typeof answersOf>>;
  let checksum: bigint;

  beforeAll(async () => {
    const loaded = await searchFixture(inProcessParts, documents);
    checksum = (await loaded.service.catalogue('default')).epoch.checksum;
    wanted = await answersOf(loaded);
  });

  it('answer with long lists that have equals at their ends', () => {
    for (const { degraded, results } of wanted) {
      expect(degraded).toBe(false);
      expect(results.length).toBeGreaterThan(0);
    }
    const equals = wanted.flatMap(({ results }) =>
      results.filter(({ score }, i) => i > 0 && results[i - 1]!.score === score),
    );
    expect(equals.length).toBeGreaterThan(requests.length);
  });

  it('are the same bits after batches in another order', async () => {
    const fixture = await filledWith(random.shuffle(documents).map(put));
    expect((await fixture.service.catalogue('default')).epoch.checksum).toBe(checksum);
    expect(await answersOf(fixture)).toEqual(wanted);
  });

  it('are the same bits after documents that were replaced and such that went again', async () => {
    expect(await answersOf(await filledWith(detour()))).toEqual(wanted);
  });
});
