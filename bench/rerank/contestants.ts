import { exactDots, type VectorBlock } from './block.ts';
import type { Peers, PreparedPeer } from './peers.ts';
import { dotsFourSums, dotsNaive } from './plain-loops.ts';

/** f32 sums of 768 products of unit vectors are within 1e-6 of f64; more means that something else was computed. */
const errorMax = 1e-5;

/** The plain loops over the rows that `indices` name. */
export function plainContestants(
  { values, query }: VectorBlock,
  indices: Uint32Array,
): readonly PreparedPeer[] {
  const loop = (name: string, dots: typeof dotsNaive): PreparedPeer => {
    const out = new Float32Array(indices.length);
    return {
      name,
      call: () => dots(values, indices, query, out),
      dots: () => out,
      close: () => {},
    };
  };
  return [loop('JS 4 sums', dotsFourSums), loop('JS naive', dotsNaive)];
}

/** All that compute the dot products of a whole block, checked: a fast wrong answer is no result. */
export async function blockContestants(peers: Peers, block: VectorBlock): Promise<readonly PreparedPeer[]> {
  const everyRow = Uint32Array.from({ length: block.rows }, (_, row) => row);
  const prepared = [...plainContestants(block, everyRow)];
  for (const peer of peers.loaded) prepared.push(...(await peer.prepare(block)));
  const exact = exactDots(block);
  for (const contestant of prepared) {
    await contestant.call();
    checkDots(contestant.name, contestant.dots(), exact);
  }
  return prepared;
}

/** @throws Error where a dot product is off by more than rounding; null is not checked */
export function checkDots(name: string, dots: ArrayLike<number> | null, exact: Float64Array): void {
  if (dots === null) return;
  if (dots.length !== exact.length) throw new Error(`${name}: ${dots.length} dots of ${exact.length}`);
  for (let i = 0; i < exact.length; i++)
    if (!(Math.abs(dots[i]! - exact[i]!) <= errorMax))
      throw new Error(`${name}: row ${i} is ${dots[i]}, not ${exact[i]}`);
}
