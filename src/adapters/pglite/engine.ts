import { PGlite, type Results, type Transaction } from '@electric-sql/pglite';
import type { SqlRow, SqlScope, SqlStatement } from '../sql/sql-client.ts';
import { characterNotInRepertoire } from '../sql/sql-errors.ts';
import { isStorable } from '../sql/storable.ts';
import { ScopedSession } from './scoped-session.ts';
import { SyncedFolder, syncedStartParameters } from './synced-folder.ts';
import type { EngineFailure } from './worker-protocol.ts';

/** What a list of statements came to; `bytes` is the memory of all byte cells, to be transferred. */
export type EngineOutcome =
  | { readonly results: readonly (readonly SqlRow[])[]; readonly bytes: ArrayBuffer }
  | { readonly failure: EngineFailure };

export interface Engine {
  /** Runs the statements in one transaction, within a scope. Rejects only when the engine itself is broken. */
  run(statements: readonly SqlStatement[], scope: SqlScope): Promise<EngineOutcome>;
  close(): Promise<void>;
}

/** Cells stay text: the main thread knows what they are, and text crosses threads fastest. */
const asText = (text: string): string => text;
const typeIds = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int4: 23,
  json: 114,
  float8: 701,
  timestamptz: 1184,
  jsonb: 3802,
};
const parsers = {
  ...Object.fromEntries(Object.values(typeIds).map((id) => [id, asText])),
  [typeIds.bytea]: bytesOfHex,
};
/** Bytes go to the engine as they are, in binary form. */
const serializers = { [typeIds.bytea]: (bytes: Uint8Array) => bytes };

/** 128 MB, the default, is held from the start; the operating system caches the files anyway. */
const memoryParameters = ['-c', 'shared_buffers=32MB'];

/** PGlite in this thread: on a folder, or in memory for null. */
export async function openEngine(folder: string | null): Promise<Engine> {
  const options = {
    parsers,
    serializers: serializers as unknown as Record<number, (value: unknown) => string>,
  };
  const database =
    folder === null
      ? await PGlite.create({
          ...options,
          dataDir: 'memory://',
          startParams: [...PGlite.defaultStartParams, ...memoryParameters],
        })
      : await PGlite.create({
          ...options,
          fs: new SyncedFolder(folder),
          startParams: [...syncedStartParameters(PGlite.defaultStartParams), ...memoryParameters],
        });
  const session = new ScopedSession(database);
  return {
    run: (statements, scope) => run(database, statements, scope, session),
    close: () => database.close(),
  };
}

async function run(
  database: PGlite,
  statements: readonly SqlStatement[],
  scope: SqlScope,
  session: ScopedSession,
): Promise<EngineOutcome> {
  // PGlite counts the bytes of an unpaired surrogate wrongly and would send a broken message.
  if (!isStorable(typeof scope === 'string' ? '' : scope.tenant, statements))
    return { failure: { sqlState: characterNotInRepertoire, message: 'NUL or unpaired surrogate' } };
  try {
    await session.enter(scope);
    const [only] = statements;
    const results =
      only !== undefined && statements.length === 1
        ? [await query(database, only)]
        : await database.transaction((transaction) => runAll(transaction, statements));
    return packed(results);
  } catch (error) {
    const failure = failureOf(error);
    if (failure.sqlState === null) throw error;
    return { failure };
  }
}

async function runAll(
  transaction: Transaction,
  statements: readonly SqlStatement[],
): Promise<(readonly SqlRow[])[]> {
  const results: (readonly SqlRow[])[] = [];
  for (const statement of statements) {
    const rows = await query(transaction, statement);
    results.push(rows);
    if (statement.guard === true && rows.length === 0) {
      await transaction.rollback();
      break;
    }
  }
  return results;
}

async function query(
  database: Pick<Transaction, 'query'>,
  statement: SqlStatement,
): Promise<readonly SqlRow[]> {
  const result = (await database.query(statement.text, [...statement.parameters], {
    rowMode: 'array',
  })) as Results<never>;
  return result.rows as SqlRow[];
}

function bytesOfHex(text: string): Uint8Array {
  return Buffer.from(text.slice(2), 'hex');
}

/** Moves all byte cells into one buffer, so that they cross to the other thread without a copy each. */
function packed(results: readonly (readonly SqlRow[])[]): EngineOutcome {
  let size = 0;
  for (const rows of results)
    for (const row of rows) for (const cell of row) if (cell instanceof Uint8Array) size += cell.byteLength;
  const bytes = new Uint8Array(size);
  let at = 0;
  const place = (cell: SqlRow[number]): SqlRow[number] => {
    if (!(cell instanceof Uint8Array)) return cell;
    bytes.set(cell, at);
    at += cell.byteLength;
    return bytes.subarray(at - cell.byteLength, at);
  };
  return { results: results.map((rows) => rows.map((row) => row.map(place))), bytes: bytes.buffer };
}

/** `sqlState` is null for what is not a plain SQL error, FATAL and PANIC included. */
function failureOf(error: unknown): EngineFailure {
  if (!(error instanceof Error)) return { sqlState: null, message: String(error) };
  const { code, severity } = error as Error & { code?: unknown; severity?: unknown };
  const plain = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && severity === 'ERROR';
  return { sqlState: plain ? code : null, message: error.message };
}
