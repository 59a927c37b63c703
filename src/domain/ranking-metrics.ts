/**
 * How good a ranking is against what people judged. The definitions are those of trec_eval 9 (NIST), which
 * test/unit/ranking-metrics.test.ts compares with to four places.
 *
 * A ranking is a list of ids, best first, none of them twice. What nobody judged counts as not relevant.
 */

/** Grade by document: above 0 is relevant, and how much; 0 or below is not. */
export type Judgements = ReadonlyMap<string, number>;

/** Documents that are relevant. */
export function relevantCount(judgements: Judgements): number {
  let count = 0;
  for (const grade of judgements.values()) if (grade > 0) count++;
  return count;
}

/**
 * Normalised discounted cumulative gain of the first k (Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR
 * techniques", TOIS 2002, with the discount of every rank): sum of grade / log2(rank + 1), as a share of the same sum
 * over the best possible order. 0..1; 0 where nothing is relevant. trec_eval: `ndcg_cut_k`.
 */
export function ndcgAt(ranking: readonly string[], judgements: Judgements, k: number): number {
  const grades = [...judgements.values()].filter((grade) => grade > 0).sort((a, b) => b - a);
  const ideal = discountedGain(grades, k);
  if (ideal === 0) return 0;
  const gained = ranking.slice(0, k).map((id) => Math.max(0, judgements.get(id) ?? 0));
  return discountedGain(gained, k) / ideal;
}

function discountedGain(grades: readonly number[], k: number): number {
  let sum = 0;
  for (let i = 0; i < Math.min(k, grades.length); i++) sum += grades[i]! / Math.log2(i + 2);
  return sum;
}

/** Share of the first k places that hold something relevant; places beyond the ranking's end hold nothing. `P_k` */
export function precisionAt(ranking: readonly string[], judgements: Judgements, k: number): number {
  return relevantWithin(ranking, judgements, k) / k;
}

/** Share of the relevant documents that are among the first k; 0 where nothing is relevant. `recall_k` */
export function recallAt(ranking: readonly string[], judgements: Judgements, k: number): number {
  const relevant = relevantCount(judgements);
  return relevant === 0 ? 0 : relevantWithin(ranking, judgements, k) / relevant;
}

/**
 * Average precision: the precision at the rank of each relevant document, 0 for those that the ranking lacks, averaged
 * over all relevant documents. Its mean over queries is MAP. `map`
 */
export function averagePrecision(ranking: readonly string[], judgements: Judgements): number {
  const relevant = relevantCount(judgements);
  if (relevant === 0) return 0;
  let found = 0;
  let sum = 0;
  for (const [i, id] of ranking.entries()) {
    if (!isRelevant(id, judgements)) continue;
    found += 1;
    sum += found / (i + 1);
  }
  return sum / relevant;
}

/** 1 / rank of the first relevant document, 0 without one. Its mean over queries is MRR. `recip_rank` */
export function reciprocalRank(ranking: readonly string[], judgements: Judgements): number {
  const at = ranking.findIndex((id) => isRelevant(id, judgements));
  return at < 0 ? 0 : 1 / (at + 1);
}

function relevantWithin(ranking: readonly string[], judgements: Judgements, k: number): number {
  return ranking.slice(0, k).filter((id) => isRelevant(id, judgements)).length;
}

function isRelevant(id: string, judgements: Judgements): boolean {
  return (judgements.get(id) ?? 0) > 0;
}
