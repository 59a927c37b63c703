import { limits } from '../limits.ts';
import { float64sOf } from '../std/mapped.ts';
import { SparseNumbers } from '../std/sparse-numbers.ts';
import { compareUtf8 } from '../std/utf8-order.ts';
import type { PathStep } from './search-response.ts';
import type { Edge, SimilarityGraph } from './similarity-graph.ts';
import type { TableSnapshot } from './table-snapshot.ts';

/** What a second step costs: a document two steps away is worth half of what the product of its steps says. */
export const secondStepDamping = 0.5;

export interface Seed {
  readonly id: string;
  /** 0..1; values outside are clamped. */
  readonly weight: number;
}

export interface SupportedDocument {
  readonly id: string;
  readonly strength: number;
  readonly path: readonly PathStep[];
  /** In the table that was given; -1: its epoch does not have the document. */
  readonly row?: number;
}

/** A graph as recall reads it: documents are slots, each with the edges that are followed from it. */
export type RecalledGraph = Pick<SimilarityGraph, 'slotOf' | 'idOf' | 'edges' | 'rows'>;

/** A path of one or two edges from a seed. `first` is the edge to the document itself when `second` is null. */
interface Path {
  readonly first: Edge;
  readonly second: Edge | null;
  readonly strength: number;
}

/** A document that seeds reach: product over seeds of (1 - weight * strength of its best path), and the best path. */
interface Reached {
  readonly slot: number;
  product: number;
  path: Path;
  /** weight * strength of `path`. */
  worth: number;
}

/**
 * All documents that the seeds reach in one or two steps, seeds left out:
 *
 *   path(s, d)  = max of  strength(s, d)  and, over m,  0.5 * strength(s, m) * strength(m, d)
 *   strength(d) = 1 - product over seeds s of (1 - weight_s * path(s, d))
 *
 * Strength descending, then id in UTF-8 order, at most limits.graphSupportMax. The path given is the best of any seed
 * by weight_s * path(s, d); among equals the shorter one, then by id of the seed, then by id of the document between.
 */
export function recallSupport(
  graph: RecalledGraph,
  seeds: readonly Seed[],
  table?: TableSnapshot,
): SupportedDocument[] {
  const weights = knownSeeds(graph, seeds);
  const reached: Reached[] = [];
  reachedAt.clear();
  const edges = new Map<number, readonly Edge[]>();
  for (const [slot, weight] of weights) {
    for (const path of bestPaths(graph, slot, edges)) {
      const target = (path.second ?? path.first).slot;
      if (weights.has(target)) continue;
      const worth = weight * path.strength;
      const known = reached[reachedAt.get(target, -1)];
      if (known === undefined) {
        reachedAt.set(target, reached.length);
        reached.push({ slot: target, product: 1 - worth, path, worth });
        continue;
      }
      known.product *= 1 - worth;
      // Seeds come in the order of their ids, so an equal path of a later one does not win.
      if (worth > known.worth || (worth === known.worth && isShorter(path, known.path))) {
        known.path = path;
        known.worth = worth;
      }
    }
  }
  return strongest(graph, reached).map(({ slot, product, path: { first, second } }) => {
    const id = graph.idOf(slot);
    const path = second === null ? [first.step] : [first.step, second.step];
    const strength = 1 - product;
    // No spread: a thousand copies of an object cost more than finding the documents.
    return table === undefined
      ? { id, strength, path }
      : { id, strength, path, row: graph.rows.rowOf(table, slot, id) };
  });
}

/** Slots and weights of the seeds that exist, by id: a repeated seed counts once, with its greatest weight. */
function knownSeeds(graph: RecalledGraph, seeds: readonly Seed[]): Map<number, number> {
  const weights = new Map<number, number>();
  const sorted = [...seeds].sort((a, b) => compareUtf8(a.id, b.id));
  for (const { id, weight } of sorted) {
    const slot = graph.slotOf(id);
    if (slot >= 0) weights.set(slot, Math.max(Math.min(1, Math.max(0, weight)), weights.get(slot) ?? 0));
  }
  return weights;
}

/** Where a slot stands among what was reached, and among the best paths of one seed; used within one call only. */
const reachedAt = new SparseNumbers();
const bestAt = new SparseNumbers();

/** The best path from a seed to every document within two steps. `edges` keeps what was already looked up. */
function bestPaths(graph: RecalledGraph, from: number, edges: Map<number, readonly Edge[]>): readonly Path[] {
  const edgesOf = (slot: number): readonly Edge[] => {
    const known = edges.get(slot);
    if (known !== undefined) return known;
    const found = graph.edges(slot);
    edges.set(slot, found);
    return found;
  };
  const best: Path[] = [];
  bestAt.clear();
  const firsts = edgesOf(from);
  for (const first of firsts) {
    bestAt.set(first.slot, best.length);
    best.push({ first, second: null, strength: first.strength });
  }
  for (const first of firsts) {
    const reach = secondStepDamping * first.strength;
    for (const second of edgesOf(first.slot)) {
      if (second.slot === from) continue;
      const strength = reach * second.strength;
      const at = bestAt.get(second.slot, -1);
      const known = best[at];
      if (known === undefined) {
        bestAt.set(second.slot, best.length);
        best.push({ first, second, strength });
        continue;
      }
      if (strength < known.strength) continue;
      if (strength === known.strength && !isBetweenEarlier(graph, first, known)) continue;
      best[at] = { first, second, strength };
    }
  }
  return best;
}

/** Of two equal paths from one seed: whether the one over `between` comes first. */
function isBetweenEarlier(graph: RecalledGraph, between: Edge, known: Path): boolean {
  if (known.second === null) return false;
  return compareUtf8(graph.idOf(between.slot), graph.idOf(known.first.slot)) < 0;
}

function isShorter(path: Path, other: Path): boolean {
  return path.second === null && other.second !== null;
}

/** The limits.graphSupportMax strongest, in order. */
function strongest(graph: RecalledGraph, reached: readonly Reached[]): Reached[] {
  const byStrength = (a: Reached, b: Reached): number => {
    if (a.product !== b.product) return a.product - b.product;
    return compareUtf8(graph.idOf(a.slot), graph.idOf(b.slot));
  };
  const some = reached.filter(({ product }) => product < 1);
  if (some.length <= limits.graphSupportMax) return some.sort(byStrength);
  // Sorting numbers alone finds the weakest that stays; ids are compared only among those that may stay.
  const floor = float64sOf(some, ({ product }) => product).sort()[limits.graphSupportMax - 1]!;
  return some
    .filter(({ product }) => product <= floor)
    .sort(byStrength)
    .slice(0, limits.graphSupportMax);
}
