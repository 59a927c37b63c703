import { setTimeout } from 'node:timers/promises';
import { type ComposedTriptych, defaultTenant } from '../../src/compose.ts';
import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { DocumentInput, Relation } from '../../src/domain/document.ts';
import type { UserEvent } from '../../src/domain/user-event.ts';
import type { EvalQuery } from '../../src/eval/query-file.ts';
import { searchQueries } from '../../src/eval/search-queries.ts';
import type { Qrels, Rankings } from '../../src/eval/trec-files.ts';
import { limits } from '../../src/limits.ts';
import { filmDocuments, filmsSchema } from '../../test/support/films.ts';
import { searchOf } from '../catalogue.ts';
import { fill, withService } from '../service.ts';
import { coLikes } from './co-likes.ts';
import { baselines } from './item-knn.ts';
import { type SplitUser, splitUsers } from './ratings.ts';

/** Users as queries, and the films that they came to like later as what is relevant. */
export interface UserQueries {
  readonly users: readonly SplitUser[];
  readonly queries: readonly EvalQuery[];
  readonly qrels: Qrels;
}

/** Everybody whose ratings are known, or the first of them, and of those the ones who liked something later. */
export function userQueries(usersMax = Number.POSITIVE_INFINITY): UserQueries {
  const users = splitUsers(new Set(filmDocuments().map(({ id }) => id))).slice(0, usersMax);
  const judged = users.filter(({ known, liked }) => known.length > 0 && liked.size > 0);
  return {
    users,
    queries: judged.map(({ user }) => ({ id: user, body: { user }, place: user })),
    qrels: new Map(judged.map(({ user, liked }) => [user, new Map([...liked].map((film) => [film, 1]))])),
  };
}

/** What is asked, and whether the catalogue was told what people like together. */
const systems = {
  personal: { profile: 'personal', relate: () => new Map<string, Relation[]>() },
  'personal with co-likes': { profile: 'personal', relate: coLikes },
  'collaborative with co-likes': { profile: 'collaborative', relate: coLikes },
} as const;

/**
 * Rankings of the service for all queries. The known ratings go the way of every event: acknowledged in batches, learned
 * from in the background, read by a search that names the user and asks for what is not seen.
 */
export async function rankForUsers(
  { users, queries }: UserQueries,
  say: (line: string) => void,
): Promise<Map<string, Rankings>> {
  return withService(async (open) => {
    const rankings = new Map<string, Rankings>();
    let related: unknown = null;
    for (const [system, { profile, relate }] of Object.entries(systems)) {
      if (relate !== related) {
        const documents = withRatings(users, relate(users));
        await fill(open, { source: 'films', schema: ratedSchema(), documents, queries: [] });
        related = relate;
      }
      if (rankings.size === 0) await replay(open, users, say);
      say(`  ${system}`);
      const answered = await searchQueries(
        queries,
        ({ id }) => recommend(open, id, profile),
        new AbortController().signal,
      );
      if (answered.degraded > 0) throw new Error(`${answered.degraded} recommendations were degraded`);
      rankings.set(system, answered.rankings);
    }
    return rankings;
  });
}

async function replay(
  open: ComposedTriptych,
  users: readonly SplitUser[],
  say: (line: string) => void,
): Promise<void> {
  const startMs = performance.now();
  const events = users.flatMap(eventsOf);
  for (let at = 0; at < events.length; at += limits.eventBatchMax)
    await open.service.recordEvents(defaultTenant, events.slice(at, at + limits.eventBatchMax));
  await untilLearned(open, users);
  say(`  ${events.length} events replayed in ${Math.round((performance.now() - startMs) / 1_000)} s`);
}

/** What knows nothing of the films, on the same known ratings. */
export function rankByBaselines({ users, queries }: UserQueries): ReadonlyMap<string, Rankings> {
  const { popularity, itemKnn } = baselines(users);
  const byName = new Map(users.map((user) => [user.user, user]));
  const ranked = (by: typeof popularity): Rankings =>
    new Map(queries.map(({ id }) => [id, by(byName.get(id)!, limits.kMax)]));
  return new Map([
    ['popularity', ranked(popularity)],
    ['ItemKNN', ranked(itemKnn)],
  ]);
}

async function recommend({ service }: ComposedTriptych, user: string, profile: string) {
  const about = { text: '', embedding: new Float32Array(0), like: [] };
  const request = searchOf(about, {
    ...{ query: null, embedding: null, user, profile, k: limits.kMax },
    constraints: [{ kind: 'hideSeen' }],
  });
  const { results, degraded } = await service.search(defaultTenant, request, {
    startedAtMs: performance.now(),
  });
  return { ids: results.map(({ id }) => id), degraded };
}

/** The films of the example schema, with popularity among those who rate. */
function ratedSchema(): CatalogueSchema {
  const { schema } = filmsSchema();
  return {
    ...schema,
    // Tags were given by people who rate, some of them later than what is known here.
    facets: schema.facets.filter((facet) => facet !== 'tags'),
    fields: { ...schema.fields, ratings: { type: 'number' } },
    popularity: 'ratings',
  };
}

function withRatings(
  users: readonly SplitUser[],
  related: ReadonlyMap<string, readonly Relation[]>,
): DocumentInput[] {
  const counts = new Map<string, number>();
  for (const { known } of users) for (const { film } of known) counts.set(film, (counts.get(film) ?? 0) + 1);
  return filmDocuments().map(({ facets: { tags: _, ...facets }, ...film }) => ({
    ...film,
    facets,
    fields: { ...film.fields, ratings: counts.get(film.id) ?? 0 },
    relations: related.get(film.id) ?? [],
  }));
}

function eventsOf({ user, known }: SplitUser): UserEvent[] {
  return known.map(({ film, value, atMs }) => ({
    eventId: `${user}-${film}`,
    user,
    document: film,
    type: 'rate',
    // The wire takes 1 to 5; half a star is as bad as one.
    value: Math.max(1, value),
    context: null,
    atMs,
    requestId: null,
  }));
}

/** Waits until each user's known films count as seen, so that no search depends on what is still to be applied. */
async function untilLearned({ service }: ComposedTriptych, users: readonly SplitUser[]): Promise<void> {
  const endMs = performance.now() + 300_000;
  for (const { user, known } of users) {
    const films = new Set(known.map(({ film }) => film)).size;
    for (let seen = 0; seen < films; ) {
      for await (const record of service.exportUser(defaultTenant, user))
        if (record.kind === 'state') {
          seen = record.seen.length;
          break;
        }
      if (performance.now() > endMs) throw new Error(`of ${films} films of user ${user} ${seen} are learned`);
      if (seen < films) await setTimeout(50);
    }
  }
}
