import { dotAt } from '../domain/dot-rows.ts';
import type { LegCoverage } from '../domain/search-response.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import { makeVectorRows, type VectorRows, vectorOf, writeVector } from '../domain/vector-rows.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { DocumentStore } from '../ports/document-store.ts';
import type { Meter } from '../ports/meter.ts';
import type { LatencyBook } from './latency-book.ts';
import { coverageOf, runLeg } from './leg-runner.ts';
import type { VectorDemand } from './vector-demand.ts';

export interface VectorSource {
  readonly store: Pick<DocumentStore, 'embeddings'>;
  readonly clock: Clock;
  readonly meter: Meter;
  /** Where the planner learns how long a read takes; absent: it does not. */
  readonly latencies?: LatencyBook;
}

/** Told whose vectors are compared, so that documents which are asked for often come into memory. */
export type Demand = Pick<VectorDemand, 'add'>;

/**
 * The vectors of one epoch, as one search needs them: those of resident documents from memory, those of others from the
 * truth, where they are read by id. What was read once is not read again.
 */
export class TransientVectors {
  readonly #source: VectorSource;
  readonly #tenant: string;
  readonly #snapshot: TableSnapshot;
  readonly #demand: Demand | null;
  /** As the truth has them, by row. */
  readonly #read = new Map<number, Float32Array>();
  #coverage: LegCoverage | null = null;

  /** @param demand of searches; null where what is compared says nothing about what will be asked for */
  constructor(source: VectorSource, tenant: string, snapshot: TableSnapshot, demand: Demand | null = null) {
    this.#demand = demand;
    this.#source = source;
    this.#tenant = tenant;
    this.#snapshot = snapshot;
  }

  /** Whether documents of the epoch may have to be read. */
  get isPartial(): boolean {
    return this.#snapshot.resident.liveCount < this.#snapshot.liveCount;
  }

  isResident(row: number): boolean {
    return row < this.#snapshot.resident.rowCount;
  }

  isHere(row: number): boolean {
    return this.isResident(row) || this.#read.has(row);
  }

  /** How reading went, all attempts together; null: nothing had to be read. */
  get coverage(): LegCoverage | null {
    return this.#coverage;
  }

  /**
   * Reads the vectors of those rows that are not here, until `endMs` (monotonic). A document that was written since the
   * epoch counts as failed: what the truth says of it now is not what the rest of the search sees.
   */
  async read(rows: readonly number[], endMs: number): Promise<void> {
    const distinct = [...new Set(rows)];
    // Those that are here as well: one that has come into memory would seem to be wanted no more.
    if (this.isPartial) this.#demand?.add(distinct.map((row) => this.#snapshot.idOf(row)));
    const missing = distinct.filter((row) => !this.isHere(row));
    if (missing.length === 0) return;
    const { clock, meter, latencies } = this.#source;
    const outcome = await runLeg(clock, endMs, () => this.#fetch(missing));
    for (const [row, vector] of outcome.value ?? []) this.#read.set(row, vector);
    const got = outcome.value?.size ?? 0;
    meter.stage('documents', outcome.state, outcome.ms);
    if (outcome.state === 'ok') latencies?.add('documents', outcome.ms);
    this.#add({
      ...coverageOf(outcome, got),
      ...(outcome.state === 'ok' && got < missing.length && { state: 'failed', reason: 'documents_changed' }),
    });
  }

  /** The stored vector, in the bits that the table's tier gives it; null where it is not here. */
  vectorOf(row: number): Float32Array | null {
    if (this.isResident(row)) return vectorOf(this.#snapshot.vectors, row);
    return this.#read.has(row) ? vectorOf(this.#alone(row), 0) : null;
  }

  /** Dot product of the stored vector with a widened one, in the scorer's bits. @param row that is here */
  dotAt(row: number, wide: Float64Array): number {
    if (this.isResident(row)) return dotAt(this.#snapshot.vectors, row, wide);
    return dotAt(this.#alone(row), 0, wide);
  }

  /** What was read, before the tier; null where nothing was. */
  readOf(row: number): Float32Array | null {
    return this.#read.get(row) ?? null;
  }

  #alone(row: number): VectorRows {
    const { vectors, dimension } = this.#snapshot;
    const one = makeVectorRows(vectors.tier, dimension, 1);
    writeVector(one, 0, this.#read.get(row)!);
    return one;
  }

  async #fetch(rows: readonly number[]): Promise<Map<number, Float32Array>> {
    const { epoch, versions } = this.#snapshot;
    const byId = new Map(rows.map((row) => [this.#snapshot.idOf(row), row]));
    const ids = [...byId.keys()];
    const pages: string[][] = [];
    for (let at = 0; at < ids.length; at += limits.windowMax)
      pages.push(ids.slice(at, at + limits.windowMax));
    const { store } = this.#source;
    const found = await Promise.all(
      pages.map((page) => store.embeddings(this.#tenant, epoch.generation, page)),
    );
    const vectors = new Map<number, Float32Array>();
    for (const { id, version, embedding } of found.flat()) {
      const row = byId.get(id);
      if (row !== undefined && versions[row] === version) vectors.set(row, embedding);
    }
    return vectors;
  }

  /** The first attempt that went wrong says how all went; times and documents add up. */
  #add(next: LegCoverage): void {
    const before = this.#coverage;
    if (before === null) this.#coverage = next;
    else {
      const { state, budgetMs, reason } = before.state === 'ok' ? next : before;
      this.#coverage = {
        state,
        ms: before.ms + next.ms,
        budgetMs,
        candidates: before.candidates + next.candidates,
        ...(reason !== undefined && { reason }),
      };
    }
  }
}
