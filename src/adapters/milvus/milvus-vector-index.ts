import type { CatalogueSchema } from '../../domain/catalogue-schema.ts';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { Logger } from '../../ports/logger.ts';
import type { CompiledPredicate, Hit } from '../../ports/recall.ts';
import type { StoreCaller } from '../../ports/store-caller.ts';
import type { VectorIndex, VectorQuery } from '../../ports/vector-index.ts';
import { type CollectionLayout, layoutOf } from './collection-layout.ts';
import type { Consistency } from './consistency.ts';
import { filterOf, type PushedFilter } from './filter.ts';
import { searchParameters, topMax } from './index-parameters.ts';
import { hasStatus, milvusStatus } from './milvus-answer.ts';
import type { MilvusCollections } from './milvus-collections.ts';
import type { MilvusConnection } from './milvus-connection.ts';
import { mergedHits, searchOnce } from './search-call.ts';

export interface VectorIndexParts {
  readonly connection: MilvusConnection;
  readonly collections: MilvusCollections;
  readonly caller: StoreCaller;
  readonly logger: Logger;
  readonly nowMs: () => number;
  readonly consistency: Consistency;
}

const notThere = [milvusStatus.collectionNotFound, milvusStatus.collectionNotLoaded];

/**
 * Nearest documents in Milvus. Hits may be of documents that the truth has changed since; readers hold them against it.
 * A predicate that Milvus cannot answer as a whole is asked for in part: more hits then, and those of this process's own
 * documents that do not pass are taken out here.
 */
export class MilvusVectorIndex implements VectorIndex {
  readonly #parts: VectorIndexParts;
  /** By schema, which is the same object for all searches of a generation. */
  readonly #layouts = new WeakMap<CatalogueSchema, { layout: CollectionLayout; name: string }>();
  readonly #toldOf = new Set<string>();

  constructor(parts: VectorIndexParts) {
    this.#parts = parts;
  }

  /** @throws TriptychError wrong_dimension; unavailable: not in Milvus yet, or not as it has to be; as StoreCaller.call */
  async search(query: VectorQuery): Promise<readonly (readonly Hit[])[]> {
    const { tenant, snapshot, vectors, signal, predicate } = query;
    signal.throwIfAborted();
    checkDimensions(vectors, snapshot.dimension);
    const limit = Math.max(0, Math.min(query.limit, limits.legDepthMax));
    if (vectors.length === 0 || limit === 0) return vectors.map(() => []);
    const { layout, name } = this.#layoutOf(snapshot.schema, snapshot.epoch.generation);
    // Before it is asked: what it would say is no sign of how the server is.
    const unfit = this.#parts.collections.unfit(name);
    if (unfit !== null) throw new TriptychError('unavailable', unfit);
    const filter = filterOf(layout, tenant, predicate?.predicate ?? null);
    if (filter.expression === null) return vectors.map(() => []);
    const found = await this.#ask(name, filter, limit, query);
    if (filter.inexact === null || predicate === null) return found.map((hits) => hits.slice(0, limit));
    this.#tell(filter.inexact);
    return found.map((hits) => passing(hits, query, predicate).slice(0, limit));
  }

  async #ask(name: string, filter: PushedFilter, limit: number, query: VectorQuery): Promise<Hit[][]> {
    const { caller, collections } = this.#parts;
    const { timeoutMs, signal, vectors } = query;
    const found = await caller.call(
      { operation: 'search', timeoutMs, signal, repeatable: true },
      async (leftMs) => {
        try {
          return await this.#searchParts(name, filter, limit, vectors, leftMs);
        } catch (error) {
          // A collection that is just being made is there before it can be searched.
          if (!notThere.some((status) => hasStatus(error, status))) throw error;
          collections.forgetAll(name);
          return null;
        }
      },
    );
    // Not a failure of the store: it answered.
    if (found === null) throw new TriptychError('unavailable', 'the catalogue is not in Milvus yet');
    return found;
  }

  /** null: there is no such collection. */
  async #searchParts(
    name: string,
    { expression, inexact }: PushedFilter,
    limit: number,
    vectors: readonly Float32Array[],
    timeoutMs: number,
  ): Promise<Hit[][] | null> {
    const { connection, collections, nowMs, consistency } = this.#parts;
    const endMs = nowMs() + timeoutMs;
    const base = await collections.find(name, timeoutMs);
    if (base === null) return null;
    const wanted = limit * (inexact === null ? 1 : limits.milvusOverFetch) + limits.milvusTieMargin;
    const top = Math.min(wanted, topMax(base.index));
    const parts = await collections.parts(base, timeoutMs);
    const lists = await connection.call((client) =>
      Promise.all(
        parts.map((collection) =>
          searchOnce(client, {
            collection,
            vectors,
            filter: expression!,
            top,
            params: searchParameters(base.index, top),
            consistency,
            timeoutMs: endMs - nowMs(),
          }),
        ),
      ),
    );
    return vectors.map((_, i) => mergedHits(lists.map((of) => of[i]!)));
  }

  #layoutOf(schema: CatalogueSchema, generation: number): { layout: CollectionLayout; name: string } {
    const known = this.#layouts.get(schema);
    if (known?.name.endsWith(`_g${generation}`)) return known;
    const made = { layout: layoutOf(schema), name: this.#parts.collections.nameOf(schema, generation) };
    this.#layouts.set(schema, made);
    return made;
  }

  /** Each reason once: they are few, and come with every search. */
  #tell(reason: string): void {
    if (this.#toldOf.has(reason) || this.#toldOf.size >= limits.milvusReasonsTold) return;
    this.#toldOf.add(reason);
    this.#parts.logger.warn(
      { store: 'milvus', reason },
      'a filter is not given to Milvus as a whole: more hits are asked for, and filtered here',
    );
  }
}

/** Hits without those that this process knows and that do not pass; the others are held against the truth later. */
function passing(
  hits: readonly Hit[],
  { snapshot }: VectorQuery,
  { mask }: CompiledPredicate,
): readonly Hit[] {
  return hits.filter(({ id }) => {
    const row = snapshot.rowOf(id);
    return row < 0 || mask[row] === 1;
  });
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
