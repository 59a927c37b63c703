import { Worker } from 'node:worker_threads';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { workerUrl } from '../../std/worker-url.ts';
import type { SqlClient, SqlParameter, SqlRow, SqlScope, SqlStatement } from '../sql/sql-client.ts';
import { errorOfSqlState } from '../sql/sql-errors.ts';
import { StallWatch } from './stall-watch.ts';
import type { EngineFailure, WorkerAnswer, WorkerData, WorkerRequest } from './worker-protocol.ts';

/** How long the engine is waited for. */
export interface EnginePatience {
  readonly openMs: number;
  readonly answerMs: number;
  readonly lengthyAnswerMs: number;
  readonly drainMs: number;
}

const defaultPatience: EnginePatience = {
  openMs: limits.engineOpenMsMax,
  answerMs: limits.engineAnswerMsMax,
  lengthyAnswerMs: limits.engineLengthyAnswerMsMax,
  drainMs: limits.drainMsMax,
};

interface Pending {
  /** How long it may take once it is its turn. */
  readonly patienceMs: number;
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
 * One that owes an answer for too long is stopped and counts as broken.
 */
export class PgliteClient implements SqlClient {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #ended: Promise<true>;
  readonly #patience: EnginePatience;
  readonly #watch = new StallWatch((limitMs) => this.#stop(`no answer for ${limitMs} ms`));
  #nextId = 0;
  #opened: Pending | null = null;
  #closing: Promise<void> | null = null;
  #broken: EngineError | null = null;

  private constructor(folder: string | null, patience: EnginePatience) {
    this.#patience = patience;
    const workerData: WorkerData = { folder };
    this.#worker = new Worker(workerUrl(import.meta.url, './worker.js'), { workerData });
    this.#worker.on('message', (answer: WorkerAnswer) => this.#receive(answer));
    this.#worker.on('error', (error) => this.#break({ sqlState: null, message: error.message }));
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', (status) => {
        this.#break({ sqlState: null, message: `the worker ended with status ${status}` });
        resolve(true);
      });
    });
  }

  /**
   * Opens the engine on a folder, or in memory for null. An empty folder is filled, which takes seconds.
   * @throws TriptychError unavailable
   */
  static async open(folder: string | null, patience = defaultPatience): Promise<PgliteClient> {
    const client = new PgliteClient(folder, patience);
    try {
      await new Promise<unknown>((resolve, reject) => {
        client.#opened = { resolve, reject, patienceMs: patience.openMs };
        client.#watch.expect(patience.openMs);
      });
    } catch (error) {
      await client.close();
      throw error;
    }
    client.#worker.unref();
    return client;
  }

  run(statements: readonly SqlStatement[], scope: SqlScope): Promise<readonly (readonly SqlRow[])[]> {
    if (this.#broken !== null || this.#closing !== null) return Promise.reject(this.#unavailable());
    if (this.#pending.size >= limits.sqlQueueMax)
      return Promise.reject(
        new TriptychError('overloaded', `${limits.sqlQueueMax} operations wait for the document store`, {
          retryAfterSeconds: 1,
        }),
      );
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#post({ kind: 'run', id, statements, scope }, transferable(statements));
      const lengthy = statements.some((statement) => statement.lengthy === true);
      const patienceMs = lengthy ? this.#patience.lengthyAnswerMs : this.#patience.answerMs;
      this.#pending.set(id, { resolve, reject, patienceMs });
      if (this.#pending.size === 1) this.#watch.expect(patienceMs);
      // The process stays alive for what is under way, not for an idle store.
      this.#worker.ref();
    });
  }

  /** Ends the engine within limits.drainMsMax: what is not done by then is `unavailable`, and nothing of it is kept. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#broken === null) {
      this.#worker.ref();
      this.#post({ kind: 'close' });
    }
    if (await this.#endsWithin(this.#patience.drainMs)) return;
    this.#stop('it did not close in time');
    if (await this.#endsWithin(limits.workerEndMsMax)) return;
    // Held in a call of the system, say to a disk that does not answer: the process must be able to end all the same.
    this.#worker.unref();
    throw new TriptychError('unavailable', 'the engine of the document store cannot be ended');
  }

  async #endsWithin(limitMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), limitMs);
    });
    const ended = await Promise.race([this.#ended, late]);
    clearTimeout(timer);
    return ended;
  }

  /** Ends the worker whatever it is at. The engine's log undoes on the next open what was not committed. */
  #stop(message: string): void {
    this.#break({ sqlState: null, message });
    void this.#worker.terminate();
  }

  #post(request: WorkerRequest, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(request, transfer);
  }

  #receive(answer: WorkerAnswer): void {
    switch (answer.kind) {
      case 'opened':
        this.#watch.rest();
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
    const [next] = this.#pending.values();
    if (next === undefined) this.#watch.rest();
    else this.#watch.expect(next.patienceMs);
    if (this.#pending.size === 0 && this.#closing === null) this.#worker.unref();
    return pending;
  }

  /** The first cause counts; the end of the worker after a clean close breaks nothing that anyone waits for. */
  #break(failure: EngineFailure): void {
    this.#broken ??= new EngineError(failure);
    this.#watch.rest();
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
