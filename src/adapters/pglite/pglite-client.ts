import { Worker } from 'node:worker_threads';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { workerUrl } from '../../std/worker-url.ts';
import type { SqlClient, SqlParameter, SqlRow, SqlStatement } from '../sql/sql-client.ts';
import { errorOfSqlState } from '../sql/sql-errors.ts';
import type { EngineFailure, WorkerAnswer, WorkerData, WorkerRequest } from './worker-protocol.ts';

interface Pending {
  resolve(results: readonly (readonly SqlRow[])[]): void;
  reject(error: TriptychError): void;
}

/** An error of the engine, for logs; `sqlState` is null where the engine itself broke. */
class EngineError extends Error {
  readonly sqlState: string | null;

  constructor(failure: EngineFailure) {
    super(failure.message);
    this.name = 'EngineError';
    this.sqlState = failure.sqlState;
  }
}

/**
 * PGlite in a worker thread, so that no statement holds up the event loop. One connection: requests wait in the order
 * of their arrival, at most limits.sqlQueueMax of them. A broken engine stays broken: every later call is `unavailable`.
 */
export class PgliteClient implements SqlClient {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #ended: Promise<void>;
  #nextId = 0;
  #opened: Pending | null = null;
  #closing: Promise<void> | null = null;
  #broken: EngineError | null = null;

  private constructor(folder: string | null) {
    const workerData: WorkerData = { folder };
    this.#worker = new Worker(workerUrl(import.meta.url, './worker.js'), { workerData });
    this.#worker.on('message', (answer: WorkerAnswer) => this.#receive(answer));
    this.#worker.on('error', (error) => this.#break({ sqlState: null, message: error.message }));
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', (status) => {
        this.#break({ sqlState: null, message: `the worker ended with status ${status}` });
        resolve();
      });
    });
  }

  /**
   * Opens the engine on a folder, or in memory for null. An empty folder is filled, which takes seconds.
   * @throws TriptychError unavailable
   */
  static async open(folder: string | null): Promise<PgliteClient> {
    const client = new PgliteClient(folder);
    await new Promise<unknown>((resolve, reject) => {
      client.#opened = { resolve, reject };
    });
    client.#worker.unref();
    return client;
  }

  run(statements: readonly SqlStatement[]): Promise<readonly (readonly SqlRow[])[]> {
    if (this.#broken !== null || this.#closing !== null) return Promise.reject(this.#unavailable());
    if (this.#pending.size >= limits.sqlQueueMax)
      return Promise.reject(
        new TriptychError('overloaded', `${limits.sqlQueueMax} operations wait for the document store`, {
          retryAfterSeconds: 1,
        }),
      );
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#post({ kind: 'run', id, statements }, transferable(statements));
      this.#pending.set(id, { resolve, reject });
      // The process stays alive for what is under way, not for an idle store.
      this.#worker.ref();
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#broken === null) {
      this.#worker.ref();
      this.#post({ kind: 'close' });
    }
    await this.#ended;
  }

  #post(request: WorkerRequest, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(request, transfer);
  }

  #receive(answer: WorkerAnswer): void {
    switch (answer.kind) {
      case 'opened':
        this.#opened?.resolve([]);
        this.#opened = null;
        return;
      case 'rows':
        this.#take(answer.id)?.resolve(answer.results);
        return;
      case 'refused': {
        const error = new EngineError(answer.failure);
        this.#take(answer.id)?.reject(errorOfSqlState(error.sqlState ?? 'XX000', error));
        return;
      }
      case 'failed':
        this.#break(answer.failure);
        return;
      case 'closed':
        return;
    }
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0 && this.#closing === null) this.#worker.unref();
    return pending;
  }

  /** The first cause counts; the end of the worker after a clean close breaks nothing that anyone waits for. */
  #break(failure: EngineFailure): void {
    this.#broken ??= new EngineError(failure);
    this.#opened?.reject(this.#unavailable());
    this.#opened = null;
    for (const pending of this.#pending.values()) pending.reject(this.#unavailable());
    this.#pending.clear();
  }

  #unavailable(): TriptychError {
    if (this.#broken === null) return new TriptychError('unavailable', 'the document store is closed');
    return new TriptychError('unavailable', 'the engine of the document store has stopped', {
      cause: this.#broken,
    });
  }
}

/** The memory of byte parameters that can move to the worker instead of being copied. */
function transferable(statements: readonly SqlStatement[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  const consider = (parameter: SqlParameter): void => {
    if (!(parameter instanceof Uint8Array) || !(parameter.buffer instanceof ArrayBuffer)) return;
    if (parameter.byteLength === parameter.buffer.byteLength) buffers.add(parameter.buffer);
  };
  for (const statement of statements) for (const parameter of statement.parameters) consider(parameter);
  return [...buffers];
}
