/**
 * The exports of native/src/exports.cc, in its order (test/tidy/native.test.ts compares names and arguments). Errors
 * carry `code` and `path`: see convert-error.ts. Everything is checked in C++; rules are in native/README.md.
 */
export interface NativeAddon {
  /** Once per thread of JavaScript, before any call. threads 0: as many as the process's quota allows, less one. */
  start(options: NativeStart): NativeVersions;
  /**
   * Finds a scoring library and opens it for this thread.
   * @param library path of a shared object; empty: the processor's own
   * @param variant `auto`, `baseline`, `avx2`, `avx512`, `neon`; the ordinal of a device
   */
  backendOpen(library: string, variant: string): NativeBackend;
  /** Zeroed memory that begins at a multiple of 64 bytes, in huge pages from 2 MiB on where the system has them. */
  allocate(bytes: number): ArrayBuffer;
  /** A table from its columns, which must not change as long as rows of it are visible. */
  tableOpen(columns: NativeColumns): NativeTable;
  /** Further calls with it are refused; those that run end first. */
  tableClose(table: NativeTable): void;
  /** Gives a slot its memory (arena-layout.ts) and the backend that its calls run on. */
  arenaRegister(slot: number, arena: ArrayBuffer, backend: number): void;
  rerank(table: NativeTable, slot: number, requestCount: number): void;
  /** On a thread of the addon's own; the slot and its arena are the job's until the promise is settled. */
  rerankAsync(table: NativeTable, slot: number, requestCount: number): Promise<void>;
  /** A job of the slot, where one runs, ends soon with `cancelled`. */
  cancel(slot: number): void;
  rescore(table: NativeTable, slot: number, selectedCount: number): void;
  /** @param out rowCount * (rowCount - 1) / 2 numbers */
  gram(table: NativeTable, slot: number, rowCount: number, out: Float64Array): void;
  /** @param mask one byte per row: 0 = left out; not to be changed before the promise is settled */
  scanAsync(table: NativeTable, slot: number, queryCount: number, mask: Uint8Array): Promise<void>;
  /**
   * Makes the backend's copy of a table show its state, on a thread of the addon's own.
   * @param changed rows that differ from the copy made last; null: all may
   */
  tableSyncAsync(backend: number, table: NativeTable, changed: Uint32Array | null): Promise<void>;
  /** @param number of the table: NativeColumns.table */
  tableDropAsync(backend: number, number: number): Promise<void>;
  stats(): NativeStats;
}

export interface NativeStart {
  readonly threads: number;
  readonly queueMax: number;
}

export interface NativeVersions {
  readonly abiVersion: number;
  readonly layoutVersion: number;
}

export interface NativeBackend {
  /** Its number, for arenaRegister. */
  readonly backend: number;
  /** `native` or `cuda`. */
  readonly name: string;
  /** What runs: `avx2`, `sm_90 NVIDIA H100`. */
  readonly variant: string;
}

declare const tableTag: unique symbol;
/** An open table; closed when it is collected. */
export interface NativeTable {
  readonly [tableTag]: true;
}

/** See domain/row-block.ts and domain/vector-rows.ts. Arrays may be longer than the rows in use. */
export interface NativeColumns {
  readonly rowCount: number;
  readonly dimension: number;
  readonly stride: number;
  /** 0 f32, 1 f16, 2 int8 */
  readonly tier: number;
  readonly vectors: Float32Array | Uint16Array | Int8Array;
  /** int8: one per row. */
  readonly scales: Float32Array;
  /** One byte per row: 1 where it holds a document. */
  readonly live: Uint8Array;
  readonly tieRanks: Uint32Array;
  readonly popularity: Float32Array;
  readonly recencyMs: Float64Array;
  readonly facetStarts: Uint32Array;
  readonly facetCounts: Uint32Array;
  readonly facetValues: Uint32Array;
  /** Codes of facet values are below this. */
  readonly facetCodeCount: number;
  readonly fields: readonly Float64Array[];
  /** Numbers of the table and of its state, for backends that keep a copy; 0, 0: none is meant. */
  readonly table: number;
  readonly epoch: number;
}

export interface NativeStats {
  /** C++ allocations of the addon since the process began; -1 in sanitizer builds. */
  readonly allocations: number;
  /** Threads of the pool; 0 until its first job. */
  readonly threads: number;
  readonly queued: number;
  readonly running: number;
  /** Jobs of this thread of JavaScript whose promise is open. */
  readonly jobs: number;
}
