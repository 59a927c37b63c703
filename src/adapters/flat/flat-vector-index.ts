import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { Hit } from '../../ports/recall.ts';
import type { RowScanner } from '../../ports/row-scanner.ts';
import type { VectorIndex, VectorQuery } from '../../ports/vector-index.ts';

/**
 * Exact nearest neighbours: the best of all rows of the resident table that are live (or pass the pushed-down predicate).
 * Scores are the scorer's own dot products, bit for bit. It needs every document to be resident.
 */
export class FlatVectorIndex implements VectorIndex {
  readonly #scanner: RowScanner;

  constructor(scanner: RowScanner) {
    this.#scanner = scanner;
  }

  async search(query: VectorQuery): Promise<readonly (readonly Hit[])[]> {
    const { snapshot, vectors, signal } = query;
    signal.throwIfAborted();
    checkDimensions(vectors, snapshot.dimension);
    const limit = Math.max(0, Math.min(query.limit, limits.legDepthMax, snapshot.liveCount));
    if (vectors.length === 0 || limit === 0) return vectors.map(() => []);
    const { resident } = snapshot;
    if (resident.liveCount < snapshot.liveCount)
      throw new TriptychError('unavailable', 'Not all vectors are in memory: an exact scan would miss some.');
    const mask = query.predicate?.mask ?? snapshot.live;
    const best = await this.#scanner.scan({ snapshot: resident, vectors, mask, limit, signal });
    return best.map((rows) => rows.map(({ row, score }) => ({ id: snapshot.idOf(row), score, row })));
  }
}

function checkDimensions(vectors: readonly Float32Array[], dimension: number): void {
  const fields = vectors.flatMap((vector, i) =>
    vector.length === dimension
      ? []
      : [{ path: `vectors[${i}]`, message: `has ${vector.length} numbers, not ${dimension}` }],
  );
  if (fields.length > 0)
    throw new TriptychError('wrong_dimension', `query vectors must have ${dimension} numbers`, { fields });
}
