import { limits } from '../limits.ts';
import { compareUtf8 } from '../std/utf8-order.ts';
import type { CatalogueSchema } from './catalogue-schema.ts';
import type { DocumentChange, StoredDocument } from './document.ts';
import { addHash, documentHash, type Epoch, subtractHash } from './epoch.ts';
import { FacetDictionary } from './facet-dictionary.ts';
import { percentiles } from './percentile.ts';
import { plainMemory, type RowMemory } from './row-memory.ts';
import { TableColumns } from './table-columns.ts';
import type { HeldSnapshot, TableSnapshot } from './table-snapshot.ts';
import type { VectorRows } from './vector-rows.ts';

/**
 * Rows beyond the documents: a replaced document has its old row until the last reader of its epoch is gone. As many as
 * the largest epochs need that begin while the longest search runs.
 */
const spareRows =
  Math.ceil(limits.timeoutMsMax / limits.epochIntervalMs) *
  (limits.epochDocumentsMax + limits.projectorBatchRows);
const rowsMax = limits.documentsMax + spareRows;

/**
 * The documents of one catalogue generation in memory, for scoring. Written by the projector alone: `apply` fills new
 * rows that nobody sees, `publish` makes them an epoch in one step. Readers hold a snapshot; a row that one of them can
 * see is never rewritten, its slot is reused after the last such snapshot was released.
 */
export class ResidentTable {
  readonly #schema: CatalogueSchema;
  readonly #dictionary = new FacetDictionary();
  readonly #columns: TableColumns;
  /** Live rows of the current epoch by id. */
  readonly #rows = new Map<string, number>();
  /** Rows written since the last publish by id; -1 = deleted. */
  #pending = new Map<string, number>();
  #freeRows: number[] = [];
  #rowCount = 0;
  /** Live rows of the current epoch in UTF-8 order of their ids. */
  #sorted: number[] = [];
  /** Oldest first; the last one is current. Only the others may be waiting for readers. */
  #snapshots: EpochSnapshot[] = [];

  /** @param memory where the large columns come from; they live there alone, for scorers in any language */
  constructor(schema: CatalogueSchema, generation: number, memory: RowMemory = plainMemory) {
    this.#schema = schema;
    this.#columns = new TableColumns(schema, this.#dictionary, memory);
    this.#snapshots.push(this.#snapshot({ generation, checksum: 0n }, null, new Uint8Array(0), []));
  }

  /** The current epoch, for use within one turn of the event loop. */
  get current(): TableSnapshot {
    return this.#snapshots[this.#snapshots.length - 1]!;
  }

  /** The current epoch, kept until released (once). */
  acquire(): HeldSnapshot {
    const snapshot = this.current;
    return Object.assign(Object.create(snapshot) as HeldSnapshot, { release: snapshot.retain() });
  }

  /** Fills rows for the changes; nothing is visible before `publish`. @throws RangeError above rowsMax */
  apply(changes: readonly DocumentChange[]): void {
    for (const change of changes) {
      const id = change.kind === 'put' ? change.document.id : change.id;
      // The new row first: if it cannot be written, the one before stays whole.
      const row = change.kind === 'delete' ? -1 : this.#writeRow(change.document);
      const unseen = this.#pending.get(id);
      if (unseen !== undefined && unseen >= 0) this.#free(unseen);
      this.#pending.set(id, row);
    }
  }

  /** Makes all applied changes visible as a new epoch and returns it; without changes the epoch stays. */
  publish(): TableSnapshot {
    const previous = this.#snapshots[this.#snapshots.length - 1]!;
    if (this.#pending.size === 0) return previous;
    this.#columns.compactFacets(this.#rowCount);
    const live = new Uint8Array(this.#rowCount);
    live.set(previous.live);
    let checksum = previous.epoch.checksum;
    const { versions } = this.#columns;
    for (const [id, row] of this.#pending) {
      const before = this.#rows.get(id) ?? -1;
      if (before >= 0) {
        live[before] = 0;
        checksum = subtractHash(checksum, documentHash(id, versions[before]!));
        previous.retired.push(before);
      }
      previous.before.set(id, before);
      if (row >= 0) {
        live[row] = 1;
        checksum = addHash(checksum, documentHash(id, versions[row]!));
        this.#rows.set(id, row);
      } else this.#rows.delete(id);
    }
    const changed = [...this.#pending.values()].filter((row) => row >= 0);
    this.#sorted = this.#mergeSorted(live, changed);
    this.#pending = new Map();
    const { epoch } = previous;
    const next = this.#snapshot({ generation: epoch.generation, checksum }, epoch, live, changed);
    previous.next = next;
    this.#snapshots.push(next);
    this.#reclaim();
    return next;
  }

  #snapshot(
    epoch: Epoch,
    changedSince: Epoch | null,
    live: Uint8Array,
    changed: readonly number[],
  ): EpochSnapshot {
    const columns = this.#columns;
    const tieRanks = new Uint32Array(this.#rowCount);
    for (let i = 0; i < this.#sorted.length; i++) tieRanks[this.#sorted[i]!] = i;
    let newestMs = Number.NaN;
    for (const row of this.#sorted) {
      const ms = columns.recencyMs[row]!;
      if (ms > newestMs || (Number.isNaN(newestMs) && !Number.isNaN(ms))) newestMs = ms;
    }
    const snapshot: EpochSnapshot = new EpochSnapshot(this.#rows, {
      epoch,
      schema: this.#schema,
      dimension: this.#schema.embedding.dimension,
      rowCount: this.#rowCount,
      liveCount: this.#rows.size,
      live,
      changed: Uint32Array.from(changed),
      changedSince,
      retain: () => this.#retain(snapshot),
      vectors: columns.vectors,
      tieRanks,
      popularity: percentiles(columns.popularity, this.#sorted, this.#rowCount),
      recencyMs: columns.recencyMs,
      newestMs,
      facetStarts: columns.facetStarts,
      facetCounts: columns.facetCounts,
      facetValues: columns.facetValues,
      dictionary: this.#dictionary,
      fields: columns.fields,
      ids: columns.ids,
      titles: columns.titles,
    });
    return snapshot;
  }

  /** Counts one more holder of the epoch; the answer, called once, counts it off again. */
  #retain(snapshot: EpochSnapshot): () => void {
    if (!this.#snapshots.includes(snapshot)) throw new Error('the epoch is gone: nobody held it');
    snapshot.holders++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      snapshot.holders--;
      this.#reclaim();
    };
  }

  /** Old order without dead rows, merged with the new rows sorted: O(n + m log m). */
  #mergeSorted(live: Uint8Array, changed: readonly number[]): number[] {
    const { ids } = this.#columns;
    const added = changed.toSorted((a, b) => compareUtf8(ids[a]!, ids[b]!));
    const merged: number[] = [];
    let next = 0;
    for (const row of this.#sorted) {
      if (live[row] === 0) continue;
      while (next < added.length && compareUtf8(ids[added[next]!]!, ids[row]!) < 0)
        merged.push(added[next++]!);
      merged.push(row);
    }
    while (next < added.length) merged.push(added[next++]!);
    return merged;
  }

  #writeRow(document: StoredDocument): number {
    const row = this.#takeRow();
    try {
      this.#columns.write(row, document);
    } catch (error) {
      this.#free(row);
      throw error;
    }
    return row;
  }

  #takeRow(): number {
    const reused = this.#freeRows.pop();
    if (reused !== undefined) return reused;
    if (this.#rowCount >= rowsMax) throw new RangeError(`the resident table is full (${rowsMax} rows)`);
    this.#columns.grow(this.#rowCount + 1);
    return this.#rowCount++;
  }

  #free(row: number): void {
    this.#columns.free(row);
    this.#freeRows.push(row);
  }

  /**
   * Frees the rows that died with epochs nobody reads any more. Oldest first: a row that an epoch lost may also be
   * visible in every epoch before it.
   */
  #reclaim(): void {
    while (this.#snapshots.length > 1 && this.#snapshots[0]!.holders === 0) {
      const oldest = this.#snapshots.shift()!;
      for (const row of oldest.retired) this.#free(row);
    }
  }
}

type Columns = Omit<TableSnapshot, 'rowOf' | 'idOf' | 'titleOf'> & {
  readonly ids: readonly string[];
  readonly titles: readonly string[];
};

class EpochSnapshot implements TableSnapshot {
  readonly epoch!: Epoch;
  readonly schema!: CatalogueSchema;
  readonly dimension!: number;
  readonly rowCount!: number;
  readonly liveCount!: number;
  readonly live!: Uint8Array;
  readonly changed!: Uint32Array;
  readonly changedSince!: Epoch | null;
  readonly retain!: () => () => void;
  readonly vectors!: VectorRows;
  readonly tieRanks!: Uint32Array;
  readonly popularity!: Float32Array;
  readonly recencyMs!: Float64Array;
  readonly newestMs!: number;
  readonly facetStarts!: Uint32Array;
  readonly facetCounts!: Uint32Array;
  readonly facetValues!: Uint32Array;
  readonly dictionary!: FacetDictionary;
  readonly fields!: readonly Float64Array[];
  readonly ids!: readonly string[];
  readonly titles!: readonly string[];
  /** Rows of the newest epoch; `before` of this epoch and of those after it undo its changes. */
  readonly rows: ReadonlyMap<string, number>;
  /** For ids that the next epoch changed: their row here, -1 = none. */
  readonly before = new Map<string, number>();
  /** Rows that are live here and not in the next epoch. */
  readonly retired: number[] = [];
  next: EpochSnapshot | null = null;
  holders = 0;

  constructor(rows: ReadonlyMap<string, number>, columns: Columns) {
    this.rows = rows;
    Object.assign(this, columns);
  }

  rowOf(id: string): number {
    for (let epoch: EpochSnapshot | null = this; epoch?.next; epoch = epoch.next) {
      const row = epoch.before.get(id);
      if (row !== undefined) return row;
    }
    return this.rows.get(id) ?? -1;
  }

  idOf(row: number): string {
    return this.ids[row]!;
  }

  titleOf(row: number): string {
    return this.titles[row]!;
  }
}
