import { gram } from '../domain/gram.ts';
import { diversify } from '../domain/mmr.ts';
import { clamp01 } from '../domain/scoring.ts';
import type { ScoredWindow } from './score-window.ts';
import type { SearchContext } from './search-context.ts';

/** Order of the ranked list as indexes into `scored.ranked`: by score, or by MMR where diversity is asked for. */
export function diverseOrder(context: SearchContext, scored: ScoredWindow): Uint32Array {
  const { ranked, window } = scored;
  if (context.diversity === 0) return Uint32Array.from({ length: ranked.count }, (_, i) => i);
  const startMs = context.parts.clock.nowMs();
  const rows = Uint32Array.from(ranked.positions, (position) => window.rows[position]!);
  const order = diversify(
    relevance(ranked.scores),
    closeness(context, gram(window, rows)),
    context.diversity,
  );
  context.stages.diversify = context.parts.clock.nowMs() - startMs;
  return order;
}

/**
 * MMR subtracts a similarity from a score, so both must mean the same at 1: scores count against the best of the list,
 * cosines as the similarity signal does (lo..hi of the embedding space, where unrelated documents may have 0.3).
 */
function relevance(scores: Float32Array): Float32Array {
  const best = scores[0] ?? 0;
  return best > 0 ? scores.map((score) => score / best) : scores;
}

function closeness(context: SearchContext, cosines: Float64Array): Float64Array {
  const { lo, hi } = context.catalogue.schema.embedding;
  return cosines.map((cosine) => clamp01((cosine - lo) / (hi - lo)));
}
