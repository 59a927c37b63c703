import type { Relation } from '../../src/domain/document.ts';
import { coCounts, likedFilms } from './item-knn.ts';
import type { SplitUser } from './ratings.ts';

/** Relations that a film gets; recall follows them from either end. */
const relationsKept = 10;
/** Likers that a pair of films is taken to have without having both: what few people say is trusted less. */
const shrinkage = 10;

/**
 * Who likes this likes that, as declared relations of each film: `strength = |both| / (sqrt(|a| |b|) + 10)`, the 10
 * strongest. It is what a team would compute of its own log of events; the service does not.
 */
export function coLikes(users: readonly SplitUser[]): Map<string, Relation[]> {
  const likes = users.map(likedFilms);
  const likers = new Map<string, number>();
  for (const films of likes) for (const film of films) likers.set(film, (likers.get(film) ?? 0) + 1);
  return new Map(
    [...coCounts(likes)].map(([film, row]) => {
      const related = [...row].map(([id, both]): Relation => {
        const strength = both / (Math.sqrt(likers.get(film)! * likers.get(id)!) + shrinkage);
        return { type: 'LIKED_WITH', id, strength };
      });
      related.sort((a, b) => b.strength - a.strength || Number(a.id) - Number(b.id));
      return [film, related.slice(0, relationsKept)];
    }),
  );
}
