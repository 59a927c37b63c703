import type { SplitUser } from './ratings.ts';
import { likedFrom } from './ratings.ts';

/** Neighbours that each film keeps. */
const neighboursKept = 100;

/** Two rankers without any knowledge of the films, for comparison; both leave out what the user has rated. */
export interface Baselines {
  popularity(user: SplitUser, count: number): string[];
  itemKnn(user: SplitUser, count: number): string[];
}

/**
 * Popularity: how many users like a film. ItemKNN (Sarwar et al., "Item-based collaborative filtering recommendation
 * algorithms", WWW 2001, over likes): a film's score is the sum over the user's liked films of their cosine,
 * |both| / sqrt(|a| |b|), where it is among the 100 nearest of the liked film.
 */
export function baselines(users: readonly SplitUser[]): Baselines {
  const likes = users.map(likedFilms);
  const counts = new Map<string, number>();
  for (const films of likes) for (const film of films) counts.set(film, (counts.get(film) ?? 0) + 1);
  const neighbours = nearest(coCounts(likes), counts);
  const best = (user: SplitUser, scores: ReadonlyMap<string, number>, count: number): string[] => {
    const known = new Set(user.known.map(({ film }) => film));
    return [...scores]
      .filter(([film]) => !known.has(film))
      .sort(([a, x], [b, y]) => y - x || Number(a) - Number(b))
      .slice(0, count)
      .map(([film]) => film);
  };
  return {
    popularity: (user, count) => best(user, counts, count),
    itemKnn(user, count) {
      const scores = new Map<string, number>();
      for (const film of likedFilms(user))
        for (const [other, cosine] of neighbours.get(film) ?? [])
          scores.set(other, (scores.get(other) ?? 0) + cosine);
      return best(user, scores, count);
    },
  };
}

/** Films that the user is known to like. */
export function likedFilms({ known }: SplitUser): string[] {
  return known.filter(({ value }) => value >= likedFrom).map(({ film }) => film);
}

/** How many users like both of two films. */
export function coCounts(likes: readonly (readonly string[])[]): Map<string, Map<string, number>> {
  const counts = new Map<string, Map<string, number>>();
  for (const films of likes)
    for (const a of films) {
      const row = counts.get(a) ?? new Map<string, number>();
      for (const b of films) if (b !== a) row.set(b, (row.get(b) ?? 0) + 1);
      counts.set(a, row);
    }
  return counts;
}

function nearest(
  counts: ReadonlyMap<string, ReadonlyMap<string, number>>,
  likers: ReadonlyMap<string, number>,
): Map<string, [string, number][]> {
  return new Map(
    [...counts].map(([a, row]) => {
      const cosines = [...row].map(([b, both]): [string, number] => [
        b,
        both / Math.sqrt(likers.get(a)! * likers.get(b)!),
      ]);
      cosines.sort(([b, x], [c, y]) => y - x || Number(b) - Number(c));
      return [a, cosines.slice(0, neighboursKept)];
    }),
  );
}
