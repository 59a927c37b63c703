/** How the same queries fared under two systems. */
export interface PairedComparison {
  readonly queries: number;
  /** Mean of b - a. */
  readonly difference: number;
  /** Queries on which b is better, equal and worse. */
  readonly wins: number;
  readonly ties: number;
  readonly losses: number;
  /** Two-sided: how often chance alone gives a difference at least as large; 1 where nothing differs. */
  readonly pValue: number;
}

/** Up to so many queries that differ all sign patterns are tried, so that p is exact. */
const exactQueriesMax = 12;
/** Sums of the same numbers in another order differ in their last bits. */
const tolerance = 1e-12;

/**
 * Paired randomisation test (Fisher; Smucker, Allan and Carterette, "A comparison of statistical significance tests for
 * information retrieval evaluation", CIKM 2007): if both systems were the same, each query's difference could as well
 * have the other sign. p is the share of sign patterns whose mean is at least as far from 0 as the one seen: of all
 * patterns where at most 12 queries differ, otherwise of `rounds` random ones with the one seen among them.
 * @param a, b one number per query, in the same order
 * @param random numbers in [0, 1)
 */
export function comparePaired(
  a: readonly number[],
  b: readonly number[],
  random: () => number,
  rounds = 10_000,
): PairedComparison {
  if (a.length !== b.length) throw new RangeError(`${a.length} queries beside ${b.length}`);
  const differences = a.map((value, i) => b[i]! - value);
  const moved = differences.filter((value) => Math.abs(value) > tolerance);
  const wins = moved.filter((value) => value > 0).length;
  return {
    queries: a.length,
    difference: a.length === 0 ? 0 : sumOf(moved) / a.length,
    wins,
    ties: a.length - moved.length,
    losses: moved.length - wins,
    pValue: moved.length <= exactQueriesMax ? exactShare(moved) : sampledShare(moved, random, rounds),
  };
}

function exactShare(differences: readonly number[]): number {
  const seen = Math.abs(sumOf(differences)) - tolerance;
  const patterns = 2 ** differences.length;
  let asFar = 0;
  for (let pattern = 0; pattern < patterns; pattern++) {
    let sum = 0;
    for (let i = 0; i < differences.length; i++)
      sum += pattern & (1 << i) ? -differences[i]! : differences[i]!;
    if (Math.abs(sum) >= seen) asFar += 1;
  }
  return asFar / patterns;
}

function sampledShare(differences: readonly number[], random: () => number, rounds: number): number {
  const seen = Math.abs(sumOf(differences)) - tolerance;
  let asFar = 1;
  for (let round = 0; round < rounds; round++) {
    let sum = 0;
    for (const difference of differences) sum += random() < 0.5 ? difference : -difference;
    if (Math.abs(sum) >= seen) asFar += 1;
  }
  return asFar / (rounds + 1);
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
