import { existsSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

export interface Rating {
  readonly film: string;
  /** 0.5..5 */
  readonly value: number;
  readonly atMs: number;
}

/** A user's ratings, oldest first, cut at a moment: what came before it is known, what came after is to be foreseen. */
export interface SplitUser {
  readonly user: string;
  readonly known: readonly Rating[];
  /** Films rated 4 or more later on. */
  readonly liked: ReadonlySet<string>;
}

/** Ratings from here on mean that somebody likes a film. */
export const likedFrom = 4;
const knownShare = 0.8;

const path = new URL('../shared/data/movielens-small/train_ratings.csv', pathToFileURL(`${process.cwd()}/`));

export function ratingsAvailable(): boolean {
  return existsSync(path);
}

/**
 * Users of MovieLens (ml-latest-small; Harper and Konstan, "The MovieLens Datasets", TiiS 2015) with their ratings of the
 * films that are given, the first 80 % of which are known.
 */
export function splitUsers(films: ReadonlySet<string>): SplitUser[] {
  const byUser = new Map<string, Rating[]>();
  for (const line of readFileSync(path, 'utf8').split('\n').slice(1)) {
    const [user, film, value, seconds] = line.split(',');
    if (film === undefined || !films.has(film)) continue;
    const own = byUser.get(user!) ?? [];
    own.push({ film, value: Number(value), atMs: Number(seconds) * 1_000 });
    byUser.set(user!, own);
  }
  return [...byUser].map(([user, ratings]) => {
    // Many ratings of one page have the same second: the film's number decides, as good as anything.
    ratings.sort((a, b) => a.atMs - b.atMs || Number(a.film) - Number(b.film));
    const cut = Math.floor(ratings.length * knownShare);
    const liked = ratings.slice(cut).filter(({ value }) => value >= likedFrom);
    return { user, known: ratings.slice(0, cut), liked: new Set(liked.map(({ film }) => film)) };
  });
}
