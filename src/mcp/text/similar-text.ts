import type { SimilarAnswer } from '../../client/index.ts';
import { degradedLines, scoreText } from './parts.ts';

/** Neighbours with what connects each. */
export function similarText({ id, results, degraded }: SimilarAnswer): string {
  const lines = results.map(({ rank, title, id: other, score, similarity, reasons }) => {
    const near = similarity === null ? [] : [`similarity ${scoreText(similarity)}`];
    const why = [...reasons, ...near].join('; ');
    return `${rank}. ${title} [${other}] ${scoreText(score)}${why === '' ? '' : `: ${why}`}`;
  });
  const head = results.length === 0 ? `Nothing is next to ${id}.` : `Next to ${id}:`;
  return [head, ...degradedLines(degraded), ...lines].join('\n');
}
