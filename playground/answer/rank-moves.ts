/** How a document's place differs between two lists. */
export type Move =
  | { readonly kind: 'same' }
  /** `by` ranks, from 1. */
  | { readonly kind: 'up' | 'down'; readonly by: number }
  | { readonly kind: 'new' }
  | { readonly kind: 'gone' };

/** Anything with an id and a rank. */
interface Placed {
  readonly id: string;
  readonly rank: number;
}

/**
 * The move of each document from the list `before` to the list `after`: those that only one list shows are `gone` or
 * `new`, as far as both are shown.
 */
export function rankMoves(before: readonly Placed[], after: readonly Placed[]): ReadonlyMap<string, Move> {
  const rankBefore = new Map(before.map(({ id, rank }) => [id, rank]));
  const shownAfter = new Set(after.map(({ id }) => id));
  const moves = new Map<string, Move>();
  for (const { id, rank } of after) moves.set(id, moveOf(rankBefore.get(id), rank));
  for (const { id } of before) if (!shownAfter.has(id)) moves.set(id, { kind: 'gone' });
  return moves;
}

function moveOf(before: number | undefined, after: number): Move {
  if (before === undefined) return { kind: 'new' };
  if (before === after) return { kind: 'same' };
  return before > after ? { kind: 'up', by: before - after } : { kind: 'down', by: after - before };
}

/** The move in words, for who does not see the arrow. */
export function moveWords(move: Move): string {
  switch (move.kind) {
    case 'same':
      return 'same rank';
    case 'new':
      return 'not shown in the other list';
    case 'gone':
      return 'not shown in the second list';
    default:
      return `${move.kind} ${move.by}`;
  }
}
