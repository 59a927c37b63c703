/** One leg's list for reciprocal rank fusion. */
export interface FusionLeg<K> {
  /** >= 0 */
  readonly weight: number;
  /** Best first; null: the leg gave no list (not planned, late, failed). */
  readonly ranked: ArrayLike<K> | null;
}

/**
 * The signal `fused` of each candidate by reciprocal rank fusion (Cormack, Clarke and Buettcher, 2009), scaled to 0..1:
 * (c + 1) / W * sum over legs of weight / (c + rank). The rank is 1-based among the leg's first `depth` entries, a
 * candidate outside them gets 0 from the leg. W is the sum of all weights, so a leg without a list lowers every score
 * alike and changes no order. All NaN where no leg has a list or W is 0.
 * @param candidates rows or ids, as in the legs
 * @param c >= 0, 60 in the paper
 */
export function fusedColumn<K>(
  candidates: ArrayLike<K>,
  legs: readonly FusionLeg<K>[],
  c: number,
  depth: number,
): Float32Array {
  const weightSum = legs.reduce((sum, leg) => sum + leg.weight, 0);
  if (!(weightSum > 0) || legs.every((leg) => leg.ranked === null))
    return new Float32Array(candidates.length).fill(Number.NaN);
  const sums = new Map<K, number>();
  for (const { weight, ranked } of legs) {
    if (ranked !== null) addRanks(sums, ranked, weight, c, depth);
  }
  const fused = new Float32Array(candidates.length);
  for (let i = 0; i < candidates.length; i++)
    fused[i] = Math.min(1, ((c + 1) / weightSum) * (sums.get(candidates[i]!) ?? 0));
  return fused;
}

/** An entry that a list repeats counts once, at its best rank. */
function addRanks<K>(
  sums: Map<K, number>,
  ranked: ArrayLike<K>,
  weight: number,
  c: number,
  depth: number,
): void {
  const seen = new Set<K>();
  for (let i = 0; i < Math.min(depth, ranked.length); i++) {
    const key = ranked[i]!;
    if (seen.has(key)) continue;
    seen.add(key);
    sums.set(key, (sums.get(key) ?? 0) + weight / (c + i + 1));
  }
}
