import type { MilvusServer } from './client-settings.ts';
import type { Row } from './document-rows.ts';

/** What the writing thread is started with. */
export interface WriterData {
  readonly server: MilvusServer;
}

/** Rows to write and keys to delete in one collection. */
export interface WriteOrder {
  readonly id: number;
  readonly collection: string;
  readonly dimension: number;
  readonly rows: readonly Row[];
  /** One vector for each row, one after another; moved to the thread. */
  readonly vectors: Float32Array;
  readonly deletions: readonly string[];
  readonly timeoutMs: number;
}

/** A failure without its class, which does not survive the way between threads. */
export interface WriteFailure {
  readonly message: string;
  readonly status: number | null;
  readonly code: number | null;
  /** All places among the thread's connections were taken. */
  readonly overloaded: boolean;
}

export type WriteReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'written'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: WriteFailure };
