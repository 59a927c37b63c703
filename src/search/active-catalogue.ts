import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import { compileMask } from '../domain/mask-compiler.ts';
import { type MaskProgram, maskRows } from '../domain/mask-program.ts';
import { type Predicate, predicateKey } from '../domain/predicate.ts';
import { ResidentTable } from '../domain/resident-table.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import { limits } from '../limits.ts';
import type { GraphStore } from '../ports/graph-store.ts';
import type { Projection } from '../ports/projection.ts';
import type { CompiledPredicate } from '../ports/recall.ts';
import type { TextIndex } from '../ports/text-index.ts';
import type { VectorIndex } from '../ports/vector-index.ts';

/** The recall stores of one catalogue generation, and those of them that live in this process. */
export interface RecallStores {
  readonly vector: VectorIndex;
  readonly text: TextIndex;
  readonly graph: GraphStore;
  /** Share of passing documents below which a filter is pushed into the legs; 1 where that costs nothing. */
  readonly pushdownShare: number;
  /** Filled by the projector together with the resident table. */
  readonly projections: readonly Projection[];
}

export type RecallStoresFactory = (tenant: string, schema: CatalogueSchema) => RecallStores;

/** A compiled filter: the mask for recall and counting, the program for the scorer. */
export interface ActivePredicate extends CompiledPredicate {
  readonly program: MaskProgram;
}

/** One tenant's live catalogue generation in memory: what a search runs on. */
export class ActiveCatalogue {
  readonly tenant: string;
  readonly schema: CatalogueSchema;
  readonly generation: number;
  readonly table: ResidentTable;
  readonly stores: RecallStores;
  /** Masks of the newest epoch by predicate, least recently used first. */
  #masks = new Map<string, ActivePredicate>();
  #masksOf: TableSnapshot['epoch'] | null = null;

  constructor(tenant: string, schema: CatalogueSchema, generation: number, factory: RecallStoresFactory) {
    this.tenant = tenant;
    this.schema = schema;
    this.generation = generation;
    this.table = new ResidentTable(schema, generation);
    this.stores = factory(tenant, schema);
    for (const projection of this.stores.projections) projection.reset(tenant, schema);
  }

  /** Compiles a filter on a snapshot and counts what passes; repeated filters of an epoch come from memory. */
  compile(predicate: Predicate, snapshot: TableSnapshot): ActivePredicate {
    if (this.#masksOf !== snapshot.epoch) {
      this.#masksOf = snapshot.epoch;
      this.#masks = new Map();
    }
    const key = predicateKey(predicate);
    const known = this.#masks.get(key);
    if (known !== undefined) {
      this.#masks.delete(key);
      this.#masks.set(key, known);
      return known;
    }
    const program = compileMask([predicate], snapshot);
    const compiled = { predicate, program, ...maskRows(program, snapshot) };
    this.#masks.set(key, compiled);
    if (this.#masks.size > limits.predicateMaskCacheEntries)
      this.#masks.delete(this.#masks.keys().next().value!);
    return compiled;
  }
}
