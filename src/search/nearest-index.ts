import { TriptychError } from '../errors.ts';
import type { VectorIndex } from '../ports/vector-index.ts';
import type { SearchContext } from './search-context.ts';

/**
 * The index that a search asks for nearest documents. Where it is outside the process and does not answer, the rows in
 * memory are scanned instead, as far as they are all there: slower for a large catalogue, and never less exact. The
 * coverage says so.
 */
export function nearestIndex({
  catalogue,
  parts,
  notes,
}: Pick<SearchContext, 'catalogue' | 'parts' | 'notes'>): VectorIndex {
  const { vector, exactScan } = catalogue.stores;
  if (exactScan === null) return vector;
  return {
    search: async (query) => {
      const startMs = parts.clock.nowMs();
      try {
        return await vector.search(query);
      } catch (error) {
        const { resident, liveCount } = query.snapshot;
        if (query.signal.aborted || !isOutage(error) || resident.liveCount < liveCount) throw error;
        const timeoutMs = query.timeoutMs - (parts.clock.nowMs() - startMs);
        const lists = await exactScan.search({ ...query, timeoutMs });
        notes.vector = 'exact_scan';
        return lists;
      }
    },
  };
}

/** Whether the index is to blame, not what it was asked. */
function isOutage(error: unknown): boolean {
  return !(error instanceof TriptychError) || error.status >= 500;
}
