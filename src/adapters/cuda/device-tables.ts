import { randomInt } from 'node:crypto';
import type { Epoch } from '../../domain/epoch.ts';
import type { FacetDictionary } from '../../domain/facet-dictionary.ts';
import type { TableSnapshot } from '../../domain/table-snapshot.ts';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { NativeTable } from '../../native/addon.ts';
import { convertError } from '../../native/convert-error.ts';
import type { NativeEngine } from '../../native/engine.ts';
import { openTable } from '../../native/open-table.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';

/** A state of a table on the device. */
interface State {
  readonly epoch: Epoch;
  readonly handle: NativeTable;
}

/** A table's copy: the device holds its last two states. */
interface Copy {
  readonly number: number;
  /** The newest last. */
  states: readonly State[];
  /** What is on its way. */
  uploading: boolean;
  /** No upload before this time, and why: the one before failed. */
  retryAtMs: number;
  refusal: string | null;
}

/** Where the numbers of tables and states begin: far enough apart that those of two openings never meet. */
const firstNumberMax = 2 ** 47;

/**
 * The device's copies of resident tables. A state that is asked for and is not there is uploaded in the background,
 * only what changed where the state before is there; until then other backends serve. Nothing waits for an upload.
 */
export class DeviceTables {
  readonly #engine: NativeEngine;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** By the dictionary, which lives as long as its table; the one used last is the last. */
  readonly #copies = new Map<FacetDictionary, Copy>();
  /** A device has one copy for a number, whoever in the process opened it: other threads, other copies of this module. */
  #numbers = randomInt(firstNumberMax);
  #lost: TriptychError | null = null;
  readonly #running = new Set<Promise<void>>();

  constructor(engine: NativeEngine, { clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#engine = engine;
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * Whether calls over this epoch can be made, or soon can for the first time; where not, the upload is begun.
   */
  takes(snapshot: TableSnapshot): boolean {
    // The next call says so.
    if (this.#lost !== null) return true;
    if (this.#stateOf(snapshot) !== null) return true;
    const copy = this.#follow(snapshot);
    return copy.states.length === 0 && copy.refusal === null;
  }

  /**
   * The handle of an epoch that is on the device.
   * @throws RangeError where it is not, or not yet; TriptychError unavailable where the device is lost
   */
  handle(snapshot: TableSnapshot): NativeTable {
    if (this.#lost !== null) throw this.#lost;
    const state = this.#stateOf(snapshot);
    if (state !== null) return state.handle;
    const { refusal } = this.#follow(snapshot);
    throw new RangeError(`batch.table: ${refusal ?? 'this epoch is on its way to the device'}`);
  }

  /** Notes that the device cannot be used any more in this process. */
  lose(error: TriptychError): void {
    this.#lost ??= error;
  }

  /** Resolves when the uploads that run now have ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** After the last call: uploads end, and copies are given up. */
  async close(): Promise<void> {
    await this.settled();
    const copies = [...this.#copies.values()];
    this.#copies.clear();
    await Promise.all(copies.map((copy) => this.#drop(copy)));
  }

  #stateOf({ dictionary, epoch }: TableSnapshot): State | null {
    const copy = this.#copies.get(dictionary);
    return copy?.states.find((state) => state.epoch === epoch) ?? null;
  }

  #follow(snapshot: TableSnapshot): Copy {
    const copy = this.#copyOf(snapshot.dictionary);
    if (!copy.uploading && this.#clock.nowMs() >= copy.retryAtMs) {
      const upload = this.#upload(copy, snapshot).finally(() => this.#running.delete(upload));
      this.#running.add(upload);
    }
    return copy;
  }

  /** Makes room for a table that is new by giving up the one not used for longest. */
  #copyOf(dictionary: FacetDictionary): Copy {
    const known = this.#copies.get(dictionary);
    if (known !== undefined) {
      this.#copies.delete(dictionary);
      this.#copies.set(dictionary, known);
      return known;
    }
    const idle = [...this.#copies].find(([, { uploading }]) => !uploading);
    if (this.#copies.size >= limits.deviceTablesMax && idle !== undefined) {
      this.#copies.delete(idle[0]);
      void this.#drop(idle[1]);
    }
    const copy: Copy = { number: ++this.#numbers, states: [], uploading: false, retryAtMs: 0, refusal: null };
    this.#copies.set(dictionary, copy);
    return copy;
  }

  /** Never rejects. The epoch's rows are kept until the upload has ended. */
  async #upload(copy: Copy, snapshot: TableSnapshot): Promise<void> {
    const { addon, backend } = this.#engine;
    copy.uploading = true;
    const release = snapshot.retain();
    try {
      const state = { table: copy.number, epoch: ++this.#numbers };
      const handle = openTable(addon, snapshot, state);
      const last = copy.states.at(-1);
      const goesOn = last !== undefined && snapshot.changedSince === last.epoch;
      await addon.tableSyncAsync(backend.backend, handle, goesOn ? snapshot.changed : null);
      const before = last === undefined ? [] : [last];
      copy.states = [...before, { epoch: snapshot.epoch, handle }];
      copy.refusal = null;
    } catch (error) {
      this.#failed(copy, convertError(error));
    } finally {
      copy.uploading = false;
      release();
    }
  }

  #failed(copy: Copy, error: unknown): void {
    if (error instanceof TriptychError && error.code === 'unavailable') this.lose(error);
    const message = error instanceof Error ? error.message : String(error);
    if (copy.refusal !== message)
      this.#logger.warn({ error, table: copy.number }, 'a table is not on the device');
    copy.refusal = message;
    // What the device held may be gone.
    copy.states = [];
    copy.retryAtMs = this.#clock.nowMs() + limits.deviceUploadRetryMs;
  }

  /** Never rejects: a lost device has no copies. */
  async #drop(copy: Copy): Promise<void> {
    const { addon, backend } = this.#engine;
    try {
      await addon.tableDropAsync(backend.backend, copy.number);
    } catch (error) {
      this.#logger.warn({ error, table: copy.number }, 'the device did not drop a table');
    }
  }
}
