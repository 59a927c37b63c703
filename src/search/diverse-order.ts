import { diversify } from '../domain/mmr.ts';
import { clamp01 } from '../domain/scoring.ts';
import { float32sOf } from '../std/mapped.ts';
import type { ScoredWindow } from './score-window.ts';
import type { SearchContext } from './search-context.ts';

/**
 * Order of the list by MMR where diversity is asked for.
 * @param list indexes into `scored.ranked`, by score
 */
export function diverseOrder(context: SearchContext, scored: ScoredWindow, list: Uint32Array): Uint32Array {
  const { ranked, window } = scored;
  if (context.diversity === 0 || list.length === 0) return list;
  const startMs = context.parts.clock.nowMs();
  const rows = list.map((index) => window.rows[ranked.positions[index]!]!);
  const scores = float32sOf(list, (index) => ranked.scores[index]!);
  const order = diversify(
    relevance(scores),
    closeness(context, context.parts.exact.gram(window, rows)),
    context.diversity,
  );
  context.stages.diversify = context.parts.clock.nowMs() - startMs;
  return order.map((place) => list[place]!);
}

/**
 * MMR subtracts a similarity from a score, so both must mean the same at 0 and 1: scores count against the best of the
 * list, from 0 or, where rules or preferences have taken scores below it, from the lowest; cosines as the similarity signal does (lo..hi of the embedding space, where unrelated documents may have 0.3).
 */
export function relevance(scores: Float32Array): Float32Array {
  const lowest = Math.min(0, scores[scores.length - 1] ?? 0);
  const spread = (scores[0] ?? 0) - lowest;
  return scores.map((score) => (spread > 0 ? (score - lowest) / spread : 0));
}

function closeness(context: SearchContext, cosines: Float64Array): Float64Array {
  const { lo, hi } = context.catalogue.schema.embedding;
  return cosines.map((cosine) => clamp01((cosine - lo) / (hi - lo)));
}
