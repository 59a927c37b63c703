import { createHash } from 'node:crypto';
import type { ClientBase, QueryArrayConfig, QueryArrayResult } from 'pg';
import { TriptychError } from '../../errors.ts';
import type { SqlCell, SqlRow, SqlStatement } from '../sql/sql-client.ts';
import { leavesConnection } from './pg-errors.ts';

/** How long the server lets a transaction go on, milliseconds. */
export interface TransactionBounds {
  readonly statementMs: number;
  readonly lockMs: number;
  /** Without an answer for so long the connection is given up. */
  readonly answerMs: number;
}

/** A failure with what becomes of the connection. */
export class TransactionFailure extends Error {
  /** false: the connection must not be used again. */
  readonly reusable: boolean;

  constructor(cause: unknown, reusable: boolean) {
    super('a transaction failed', { cause });
    this.reusable = reusable;
  }
}

type Answer = Promise<QueryArrayResult<SqlCell[]>>;

const byteaType = 17;
const asText = (text: string): string => text;
// A plain array: a Buffer's slices share its memory.
const ofHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.slice(2), 'hex'));
/** Cells stay text, whatever their type. */
const types = { getTypeParser: (type: number) => (type === byteaType ? ofHex : asText) };

// All of them end with the transaction, so that connections may be shared through a pooler.
const settingsText = `SELECT set_config('app.tenant', $1, true), set_config('statement_timeout', $2, true),
  set_config('lock_timeout', $3, true), set_config('idle_in_transaction_session_timeout', $4, true),
  set_config('bytea_output', 'hex', true)`;

/**
 * Runs statements in one transaction on a client that pipelines: everything goes out at once, so a transaction is one
 * round trip, and one more for each guard. `tenant` is whose rows it may see. The server skips what stands behind a
 * failed statement, the commit included.
 *
 * Where the connection breaks after the commit was sent it is unknown whether it was made: repeat the call. Every write
 * of the stores may be repeated; versions may then have moved twice.
 * @throws TransactionFailure
 */
export async function runTransaction(
  client: ClientBase,
  tenant: string,
  statements: readonly SqlStatement[],
  bounds: TransactionBounds,
): Promise<SqlRow[][]> {
  const transaction = new Transaction(client, bounds.answerMs);
  try {
    transaction.send({ text: 'BEGIN', parameters: [] });
    const { statementMs, lockMs, answerMs } = bounds;
    const settings = [tenant, ...[statementMs, lockMs, answerMs].map(wholeMs)];
    transaction.send({ text: settingsText, parameters: settings, prepared: true });
    const answers: Answer[] = [];
    for (const statement of statements) {
      const answer = transaction.send(statement);
      answers.push(answer);
      if (statement.guard !== true) continue;
      await transaction.answered();
      if ((await answer).rows.length > 0) continue;
      await transaction.end('ROLLBACK');
      return await rowsOf(answers);
    }
    await transaction.end('COMMIT');
    return await rowsOf(answers);
  } catch (error) {
    throw new TransactionFailure(error, leavesConnection(error) && (await transaction.undone()));
  }
}

class Transaction {
  readonly #client: ClientBase;
  readonly #answerMs: number;
  readonly #sent: Answer[] = [];
  #ended = false;

  constructor(client: ClientBase, answerMs: number) {
    this.#client = client;
    this.#answerMs = answerMs;
  }

  send({ text, parameters, prepared }: SqlStatement): Answer {
    const query: QueryArrayConfig & { query_timeout: number } = {
      ...(prepared === true && { name: nameOf(text) }),
      text,
      values: [...parameters],
      rowMode: 'array',
      types,
      query_timeout: Math.ceil(this.#answerMs),
    };
    const answer: Answer = this.#client.query(query);
    // It is looked at when its turn comes, which may be after another one's failure.
    answer.catch(() => undefined);
    this.#sent.push(answer);
    return answer;
  }

  /** Resolves when everything that was sent is answered. @throws the first failure: those behind it follow from it */
  async answered(): Promise<void> {
    await Promise.allSettled(this.#sent);
    for (const answer of this.#sent) await answer;
  }

  async end(command: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    this.#ended = true;
    const answer = this.send({ text: command, parameters: [] });
    await this.answered();
    if ((await answer).command !== command)
      throw new TriptychError('unavailable', 'the document store did not keep a transaction');
  }

  /** After a failure: true when nothing of the transaction is left in the connection. */
  async undone(): Promise<boolean> {
    if (this.#ended) return true;
    return this.send({ text: 'ROLLBACK', parameters: [] }).then(
      () => true,
      () => false,
    );
  }
}

/** By text, so that programs of two versions behind one pooler mean the same by it. */
const names = new Map<string, string>();

function nameOf(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  const name = `triptych_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
  names.set(text, name);
  return name;
}

async function rowsOf(answers: readonly Answer[]): Promise<SqlRow[][]> {
  return (await Promise.all(answers)).map(({ rows }) => rows);
}

/** A setting in milliseconds; 0 would be no bound. */
function wholeMs(ms: number): string {
  return String(Math.max(1, Math.floor(ms)));
}
