/** The little that the stores need of a Postgres: statements with parameters, and a list of them as one transaction. */

export type SqlParameter =
  | string
  | number
  | null
  | Uint8Array
  | readonly string[]
  | readonly number[]
  | readonly boolean[];

export interface SqlStatement {
  /** One statement of plain Postgres, parameters as `$1`, `$2`... */
  readonly text: string;
  readonly parameters: readonly SqlParameter[];
  /** true: without a row in its result nothing of the transaction is kept and the later statements do not run. */
  readonly guard?: boolean;
  /**
   * true: a text that never changes and finds rows by their keys, so that a server may keep its plan. Planning takes
   * longer than such a statement itself.
   */
  readonly prepared?: boolean;
  /** true: goes through whole tables and may take minutes. */
  readonly lengthy?: boolean;
}

/** A cell in Postgres text form, `bytea` as bytes. */
export type SqlCell = string | null | Uint8Array;
export type SqlRow = readonly SqlCell[];

/**
 * Whose rows the statements may see and write; the engine holds them to it (row-level security), whatever they say.
 * `all`: every tenant's, for work in the background; `owner`: the tables themselves, for migrations and their care.
 */
export type SqlScope = TenantScope | 'all' | 'owner';

export interface TenantScope {
  readonly tenant: string;
  /** Nobody waits longer than this for the answer; a server gives the statements up by then. Its client's own bound unless given. */
  readonly timeoutMs?: number;
}

export interface SqlClient {
  /**
   * Runs the statements in order in one transaction and resolves after its commit, with the rows of each statement
   * (up to the guard that failed, where one did). Byte arrays given as parameters may be detached afterwards.
   * @throws TriptychError invalid_request | overloaded | unavailable | internal
   */
  run(statements: readonly SqlStatement[], scope: SqlScope): Promise<readonly (readonly SqlRow[])[]>;

  /** Finishes what was accepted, flushes and lets go of the data; later calls fail with `unavailable`. */
  close(): Promise<void>;
}

/** A text cell of a result whose statement guarantees that it is one. */
export function textCell(row: SqlRow, column: number): string {
  const cell = row[column];
  if (typeof cell !== 'string') throw new TypeError(`column ${column} holds no text`);
  return cell;
}
