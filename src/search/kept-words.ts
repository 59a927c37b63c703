import type { LegScores } from '../domain/leg-scores.ts';
import { limits } from '../limits.ts';
import type { Hit } from '../ports/recall.ts';
import type { TextAnswer } from '../ports/text-index.ts';

interface KeptWordsParts {
  /** The index's own answer to the same query: the one at hand, or asked for now. */
  readonly answer: (timeoutMs: number | undefined) => TextAnswer | Promise<TextAnswer>;
  /** Scores that the index was asked for, to be kept with the others. */
  readonly learnt: (scores: LegScores) => void;
}

/** An answer of a text index whose scores are known from before; the index is asked only for those that are not. */
export class KeptWords implements TextAnswer {
  readonly hits: readonly Hit[];
  readonly #scores: Map<string, number>;
  readonly #isWhole: boolean;
  readonly #parts: KeptWordsParts;

  constructor({ ids, scores, isWhole }: LegScores, hits: readonly Hit[], parts: KeptWordsParts) {
    this.hits = hits;
    this.#scores = new Map(ids.map((id, i) => [id, scores[i]!]));
    this.#isWhole = isWhole;
    this.#parts = parts;
  }

  async score(ids: readonly string[], _rows?: Uint32Array, timeoutMs?: number): Promise<Float64Array> {
    const missing = this.#isWhole ? [] : ids.filter((id) => !this.#scores.has(id));
    if (missing.length > 0) await this.#learn([...new Set(missing)], timeoutMs);
    return Float64Array.from(ids, (id) => this.#scores.get(id) ?? 0);
  }

  async #learn(ids: readonly string[], timeoutMs: number | undefined): Promise<void> {
    const answer = await this.#parts.answer(timeoutMs);
    const scores = await answer.score(ids, undefined, timeoutMs);
    ids.forEach((id, i) => {
      this.#scores.set(id, scores[i]!);
    });
    const known = [...this.#scores].slice(0, limits.legScoresMax);
    this.#parts.learnt({
      ids: known.map(([id]) => id),
      scores: Float64Array.from(known, ([, score]) => score),
      hitCount: this.hits.length,
      isWhole: false,
    });
  }
}
