import type { DocumentChange } from '../../domain/document.ts';
import { limits } from '../../limits.ts';
import { type DescribedCollection, placeOf } from './described-collection.ts';
import type { Names } from './names.ts';

/** Changes that belong into one collection. */
export interface Placement {
  readonly collection: string;
  readonly changes: readonly DocumentChange[];
}

/**
 * Where changes belong. In a divided collection a document is put into the part of its value and deleted from all others,
 * where it may have been before: puts come first, so that it is somewhere all the time.
 * @param known the parts that are there, the first one included; others that are named have to be made
 */
export function placed(
  base: DescribedCollection,
  known: readonly string[],
  names: Names,
  changes: readonly DocumentChange[],
): Placement[] {
  const { division } = base;
  if (division === null) return [{ collection: base.name, changes }];
  const parts = new Set(known);
  const puts = new Map<string, DocumentChange[]>();
  const deletions = new Map<string, DocumentChange[]>(known.map((part) => [part, []]));
  for (const change of changes) {
    let own: string | null = null;
    if (change.kind === 'put') {
      const { document } = change;
      const value = placeOf(division, document);
      const shard = value === null ? base.name : names.shard(base.name, value);
      // Beyond the bound a new value stays with those that have none.
      own = parts.has(shard) || parts.size <= limits.milvusShardsMax ? shard : base.name;
      parts.add(own);
      puts.set(own, [...(puts.get(own) ?? []), change]);
    }
    const deletion: DocumentChange =
      change.kind === 'delete'
        ? change
        : { kind: 'delete', id: change.document.id, version: change.document.version };
    for (const [part, of] of deletions) if (part !== own) of.push(deletion);
  }
  return [...puts, ...deletions].flatMap(([collection, of]) =>
    of.length === 0 ? [] : [{ collection, changes: of }],
  );
}

/** The same in writes of at most limits.sharedIndexBatchMax changes, in order, however many a caller has given at once. */
export function inWrites(places: readonly Placement[]): Placement[] {
  const most = limits.sharedIndexBatchMax;
  return places.flatMap(({ collection, changes }) =>
    Array.from({ length: Math.ceil(changes.length / most) }, (_, i) => ({
      collection,
      changes: changes.slice(i * most, (i + 1) * most),
    })),
  );
}
