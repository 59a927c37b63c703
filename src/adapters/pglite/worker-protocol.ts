import type { SqlRow, SqlScope, SqlStatement } from '../sql/sql-client.ts';

/** How the worker opens the engine. */
export interface WorkerData {
  /** Folder of the engine's files; null: in memory. */
  readonly folder: string | null;
}

/** Main thread to worker. Answers come in the order of the requests. */
export type WorkerRequest =
  | {
      readonly kind: 'run';
      readonly id: number;
      readonly statements: readonly SqlStatement[];
      readonly scope: SqlScope;
    }
  | { readonly kind: 'close' };

/** The engine's error without its class, which does not survive the way between threads. */
export interface EngineFailure {
  /** null: not an error of SQL but of the engine itself. */
  readonly sqlState: string | null;
  readonly message: string;
}

/** Worker to main thread. After `failed` and `closed` the worker ends. */
export type WorkerAnswer =
  | { readonly kind: 'opened' }
  | { readonly kind: 'rows'; readonly id: number; readonly results: readonly (readonly SqlRow[])[] }
  | { readonly kind: 'refused'; readonly id: number; readonly failure: EngineFailure }
  | { readonly kind: 'failed'; readonly failure: EngineFailure }
  | { readonly kind: 'closed' };
