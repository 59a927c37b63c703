import { type ComposedTriptych, defaultTenant } from '../../src/compose.ts';
import type { BenchCatalogue, BenchQuery } from '../catalogue.ts';
import { searchOf } from '../catalogue.ts';
import { round } from '../measure.ts';
import { random } from '../random.ts';
import { searchOnce } from '../service.ts';

export interface ReplaySize {
  readonly searches: number;
  readonly queries: number;
  readonly users: number;
}

/** Ranks drawn so that the i-th is 1/i as frequent as the first (Zipf with exponent 1). */
export function zipf(count: number, next: () => number): () => number {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let i = 0; i < count; i++) sums[i] = sum += 1 / (i + 1);
  return () => {
    const wanted = next() * sum;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/**
 * Searches as a crowd makes them: few queries often, most of them rarely, by users of whom half like something. Counts
 * what the stores were asked for beside what they would have been asked for without caches.
 */
export async function replay(
  open: ComposedTriptych,
  { documents }: BenchCatalogue,
  size: ReplaySize,
  seed: number,
  calls: () => Promise<Readonly<Record<'vector' | 'lexical', number>>>,
): Promise<Record<string, number>> {
  const next = random(seed);
  const queries = Array.from({ length: size.queries }, (_, i): BenchQuery => {
    const { title, text, embedding, id } = documents[Math.floor(next() * documents.length)]!;
    const words = `${title} ${text}`.split(/\s+/).filter((word) => word.length > 3);
    const from = Math.floor(next() * Math.max(1, words.length - 2));
    return { text: `${words.slice(from, from + 2).join(' ')} ${i}`, embedding: embedding!, like: [id] };
  });
  await learn(open, documents, size.users);
  const pick = zipf(size.queries, next);
  const before = await calls();
  let cached = 0;
  for (let i = 0; i < size.searches; i++) {
    const user = `replay-${Math.floor(next() * size.users)}`;
    const request = searchOf(queries[pick()]!, { user, cache: 'use', like: [] });
    if ((await searchOnce(open, request)).cached) cached += 1;
  }
  const after = await calls();
  const saved = (leg: 'vector' | 'lexical'): number =>
    round((1 - (after[leg] - before[leg]) / size.searches) * 100);
  return {
    searches: size.searches,
    whole_answers_cached_percent: round((cached / size.searches) * 100),
    vector_calls_saved_percent: saved('vector'),
    lexical_calls_saved_percent: saved('lexical'),
  };
}

/** Half of the users like three documents each, which gives them a taste of their own. */
async function learn(
  { service }: ComposedTriptych,
  documents: BenchCatalogue['documents'],
  users: number,
): Promise<void> {
  for (let user = 0; user < users; user += 2)
    await service.recordEvents(
      defaultTenant,
      [0, 1, 2].map((i) => ({
        eventId: `replay-${user}-${i}`,
        user: `replay-${user}`,
        document: documents[(user * 7 + i * 13) % documents.length]!.id,
        type: 'like' as const,
        value: null,
        context: null,
        atMs: Date.now() - i * 3_600_000,
        requestId: null,
      })),
    );
}
