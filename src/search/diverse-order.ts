import { gram } from '../domain/gram.ts';
import { diversify } from '../domain/mmr.ts';
import type { ScoredWindow } from './score-window.ts';
import type { SearchContext } from './search-context.ts';

/** Order of the ranked list as indexes into `scored.ranked`: by score, or by MMR where diversity is asked for. */
export function diverseOrder(context: SearchContext, scored: ScoredWindow): Uint32Array {
  const { ranked, window } = scored;
  if (context.diversity === 0) return Uint32Array.from({ length: ranked.count }, (_, i) => i);
  const startMs = context.parts.clock.nowMs();
  const rows = Uint32Array.from(ranked.positions, (position) => window.rows[position]!);
  const order = diversify(ranked.scores, gram(window, rows), context.diversity);
  context.stages.diversify = context.parts.clock.nowMs() - startMs;
  return order;
}
