import type { Catalogue, CatalogueSchema } from '../domain/catalogue-schema.ts';
import { compileMask } from '../domain/mask-compiler.ts';
import { type MaskProgram, maskRows } from '../domain/mask-program.ts';
import { type Predicate, predicateKey } from '../domain/predicate.ts';
import { ResidentTable } from '../domain/resident-table.ts';
import type { RowMemory } from '../domain/row-memory.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import { limits } from '../limits.ts';
import type { GraphStore } from '../ports/graph-store.ts';
import type { Projection } from '../ports/projection.ts';
import type { CompiledPredicate } from '../ports/recall.ts';
import type { TextIndex } from '../ports/text-index.ts';
import type { VectorIndex } from '../ports/vector-index.ts';
import { LruMap } from '../std/lru-map.ts';
import { VectorDemand } from './vector-demand.ts';

/** The recall stores of one catalogue generation, and those of them that live in this process. */
export interface RecallStores {
  readonly vector: VectorIndex;
  readonly text: TextIndex;
  readonly graph: GraphStore;
  /** Share of passing documents below which a filter is pushed into the legs; 1 where that costs nothing. */
  readonly pushdownShare: number;
  /** Whether a search of the vector index costs a round trip, so that the query and the taste should share one. */
  readonly vectorRoundTrip: boolean;
  /** The same for the text index. */
  readonly textRoundTrip: boolean;
  /** Scans the rows in memory where the vector index does not answer; null where that is what it does itself. */
  readonly exactScan: VectorIndex | null;
  /** Filled by the projector together with the resident table. */
  readonly projections: readonly Projection[];
}

export type RecallStoresFactory = (tenant: string, schema: CatalogueSchema) => RecallStores;

/** What a catalogue's memory is made of. */
export interface CatalogueParts {
  readonly stores: RecallStoresFactory;
  /** Where the columns of resident tables live; plain ArrayBuffers unless given. */
  readonly memory?: RowMemory;
  /** Documents of each catalogue whose vectors are kept in memory; null or absent: all. */
  readonly residentRowsMax?: number | null;
}

/** Predicates compiled together: the mask for recall and counting, the program for the scorer. */
export interface ActivePredicate extends CompiledPredicate {
  readonly predicates: readonly Predicate[];
  /** One rule per predicate. */
  readonly program: MaskProgram;
  /** Live documents that each predicate is the first to drop. */
  readonly dropped: Uint32Array;
  readonly key: string;
}

/** One tenant's live catalogue generation in memory: what a search runs on. */
export class ActiveCatalogue {
  readonly tenant: string;
  readonly schema: CatalogueSchema;
  readonly generation: number;
  readonly table: ResidentTable;
  readonly stores: RecallStores;
  /** Whose vectors searches compare. */
  readonly demand = new VectorDemand();
  /** Masks of the newest epoch by predicates. */
  readonly #masks = new LruMap<ActivePredicate>(limits.predicateMaskCacheEntries);
  #masksOf: TableSnapshot['epoch'] | null = null;

  constructor(tenant: string, { schema, generation }: Catalogue, parts: CatalogueParts) {
    this.tenant = tenant;
    this.schema = schema;
    this.generation = generation;
    this.table = new ResidentTable(
      schema,
      generation,
      parts.memory,
      parts.residentRowsMax ?? Number.POSITIVE_INFINITY,
    );
    this.stores = parts.stores(tenant, schema);
    for (const projection of this.stores.projections) projection.reset(tenant, schema);
  }

  /**
   * Compiles predicates that must all hold and counts what passes; repeated ones of an epoch come from memory.
   * @param predicates at least one
   */
  compile(predicates: readonly Predicate[], snapshot: TableSnapshot): ActivePredicate {
    if (this.#masksOf !== snapshot.epoch) {
      this.#masksOf = snapshot.epoch;
      this.#masks.clear();
    }
    const key = predicates.map(predicateKey).join('\n');
    const known = this.#masks.get(key);
    if (known !== undefined) return known;
    const program = compileMask(predicates, snapshot);
    const predicate: Predicate = predicates.length === 1 ? predicates[0]! : { kind: 'and', of: predicates };
    const compiled = { predicate, predicates, program, key, ...maskRows(program, snapshot) };
    this.#masks.set(key, compiled);
    return compiled;
  }
}
