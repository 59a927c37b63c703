import { limits } from '../limits.ts';
import { compareUtf8 } from '../std/utf8-order.ts';
import type { CatalogueSchema } from './catalogue-schema.ts';
import { changedId, type DocumentChange, type StoredDocument, type StoredEmbedding } from './document.ts';
import { addHash, documentHash, type Epoch, subtractHash } from './epoch.ts';
import { EpochSnapshot } from './epoch-snapshot.ts';
import { FacetDictionary } from './facet-dictionary.ts';
import { HotRows } from './hot-rows.ts';
import { percentiles } from './percentile.ts';
import { plainMemory, type RowMemory } from './row-memory.ts';
import { RowNumbers } from './row-numbers.ts';
import { TableColumns } from './table-columns.ts';
import type { HeldSnapshot, TableSnapshot } from './table-snapshot.ts';

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
 *
 * At most `residentRowsMax` documents are resident, that is with their vectors: the hottest (TableColumns.heatAt), first
 * come where they are equally hot, and some that were promoted. Of the others everything else is here. Which are resident
 * changes no answer.
 */
export class ResidentTable {
  readonly #schema: CatalogueSchema;
  readonly #dictionary = new FacetDictionary();
  readonly #columns: TableColumns;
  /** Live rows of the current epoch by id. */
  readonly #rows = new Map<string, number>();
  /** Rows written since the last publish by id; -1 = deleted. */
  #pending = new Map<string, number>();
  readonly #numbers: RowNumbers;
  /** Resident rows as the next epoch will have them; null: all are. */
  readonly #hot: HotRows | null;
  /** Live rows of the current epoch in UTF-8 order of their ids. */
  #sorted: number[] = [];
  /** Oldest first; the last one is current. Only the others may be waiting for readers. */
  #snapshots: EpochSnapshot[] = [];

  /**
   * @param memory where the large columns come from; they live there alone, for scorers in any language
   * @param residentRowsMax documents whose vectors are kept, at least 1
   */
  constructor(
    schema: CatalogueSchema,
    generation: number,
    memory: RowMemory = plainMemory,
    residentRowsMax: number = Number.POSITIVE_INFINITY,
  ) {
    this.#schema = schema;
    this.#numbers = new RowNumbers(residentRowsMax + limits.residentRowsSpare, rowsMax);
    const columns = new TableColumns(schema, this.#dictionary, memory, this.#numbers.vectorEnd);
    this.#columns = columns;
    this.#hot =
      residentRowsMax === Number.POSITIVE_INFINITY
        ? null
        : new HotRows(residentRowsMax, (row) => columns.heatAt(row));
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
      const id = changedId(change);
      // The new row first: if it cannot be written, the one before stays whole.
      this.#replace(id, change.kind === 'delete' ? -1 : this.#writeRow(change.document));
      this.#demoteSurplus();
    }
  }

  /** Which of the documents are worth being read, to be promoted. @param ids those that are asked for, most often first */
  wanted(ids: readonly string[]): string[] {
    const isBare = (row: number) => !this.#numbers.holdsVector(row);
    return this.#hot?.toPromote(ids, (id) => this.#nextRow(id), isBare) ?? [];
  }

  /**
   * Gives documents that are not resident their vectors, in place of others; nothing is visible before `publish`.
   * Documents that are resident, gone, or in another version by now are passed over.
   * @param read as the truth has them
   */
  promote(read: readonly StoredEmbedding[]): void {
    const hot = this.#hot;
    if (hot === null) return;
    for (const { id, version, embedding } of read) {
      const bare = this.#nextRow(id);
      if (bare < 0 || this.#numbers.holdsVector(bare)) continue;
      if (this.#columns.versions[bare] !== version) continue;
      const row = this.#numbers.takeWithVector();
      if (row < 0) return;
      this.#columns.grow(row + 1);
      this.#columns.copyFacts(bare, row);
      this.#columns.writeVector(row, embedding);
      this.#replace(id, row, true);
      this.#demoteSurplus();
    }
  }

  /** Makes all applied changes visible as a new epoch and returns it; without changes the epoch stays. */
  publish(): TableSnapshot {
    const previous = this.#snapshots[this.#snapshots.length - 1]!;
    if (this.#pending.size === 0) return previous;
    this.#columns.compactFacets(this.#numbers.end);
    const live = new Uint8Array(this.#numbers.end);
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
    const rowCount = this.#numbers.end;
    const tieRanks = new Uint32Array(rowCount);
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
      rowCount,
      vectorRowCount: this.#numbers.vectorRows,
      liveCount: this.#rows.size,
      live,
      changed: Uint32Array.from(changed),
      changedSince,
      retain: () => this.#retain(snapshot),
      vectors: columns.vectors,
      tieRanks,
      popularity: percentiles(columns.popularity, this.#sorted, rowCount),
      recencyMs: columns.recencyMs,
      newestMs,
      facetStarts: columns.facetStarts,
      facetCounts: columns.facetCounts,
      facetValues: columns.facetValues,
      dictionary: this.#dictionary,
      fields: columns.fields,
      versions: columns.versions,
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
    const row = this.#takeRow(document);
    try {
      this.#columns.grow(row + 1);
      this.#columns.write(row, document);
    } catch (error) {
      this.#free(row);
      throw error;
    }
    return row;
  }

  /** A row with a vector while that has room or the document is hotter than one of those that have it. */
  #takeRow(document: StoredDocument): number {
    const hot = this.#hot;
    const isResident =
      hot === null ||
      !hot.isFull ||
      this.#numbers.holdsVector(this.#nextRow(document.id)) ||
      this.#columns.heatOf(document) > this.#columns.heatAt(hot.coldest);
    const row = isResident ? this.#numbers.takeWithVector() : -1;
    return row >= 0 ? row : this.#numbers.takeBare();
  }

  /** Where the document will be in the next epoch, as far as it is known; -1: nowhere. */
  #nextRow(id: string): number {
    return this.#pending.get(id) ?? this.#rows.get(id) ?? -1;
  }

  /** Gives the document another row (-1: none) in the next epoch; who was promoted stays so through a write. */
  #replace(id: string, row: number, promoted = this.#hot?.isPromoted(this.#nextRow(id)) ?? false): void {
    this.#hot?.delete(this.#nextRow(id));
    const unseen = this.#pending.get(id);
    if (unseen !== undefined && unseen >= 0) this.#free(unseen);
    this.#pending.set(id, row);
    if (!this.#numbers.holdsVector(row)) return;
    if (promoted) this.#hot?.promote(row);
    else this.#hot?.add(row);
  }

  /** Takes their vectors from the documents that are one too many. */
  #demoteSurplus(): void {
    const hot = this.#hot;
    if (hot === null) return;
    for (let row = hot.surplus; row >= 0; row = hot.surplus) {
      const bare = this.#numbers.takeBare();
      this.#columns.grow(bare + 1);
      this.#columns.copyFacts(row, bare);
      this.#replace(this.#columns.ids[bare]!, bare);
    }
  }

  #free(row: number): void {
    // A row that there was no memory for has nothing.
    if (row < this.#columns.capacity) this.#columns.free(row);
    this.#numbers.give(row);
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
