import type { TableSnapshot } from '../domain/table-snapshot.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { NativeAddon, NativeBackend, NativeTable } from './addon.ts';
import { Arena } from './arena.ts';
import { convertError } from './convert-error.ts';
import { openTable } from './open-table.ts';

/** A slot's number and its memory, while one call has it. */
interface Slot {
  readonly number: number;
  arena: Arena;
  /** The buffer that is registered. */
  registered: ArrayBuffer | null;
}

/** Numbers of slots that no engine has yet: they are the thread's, not an engine's. */
const freeNumbers = new WeakMap<NativeAddon, number[]>();

/**
 * A backend of the addon with the slots that calls to it run in. A slot belongs to one call until its job has ended,
 * also when nobody waits for the answer any more.
 */
export class NativeEngine {
  readonly addon: NativeAddon;
  readonly backend: NativeBackend;
  readonly #tables = new WeakMap<object, { readonly live: Uint8Array; readonly table: NativeTable }>();
  /** The one used last is used next: its memory is in the processor's cache. */
  readonly #free: Slot[] = [];

  /** @throws as backendOpen does */
  constructor(addon: NativeAddon, backend: NativeBackend) {
    this.addon = addon;
    this.backend = backend;
  }

  /** A table's handle, the same for one epoch; it is closed when the epoch is collected. */
  table(snapshot: TableSnapshot): NativeTable {
    const known = this.#tables.get(snapshot.epoch);
    if (known !== undefined && known.live === snapshot.live) return known.table;
    const table = openTable(this.addon, snapshot);
    this.#tables.set(snapshot.epoch, { live: snapshot.live, table });
    return table;
  }

  /**
   * Packs and runs a call that ends before it returns.
   * @throws RangeError, TriptychError overloaded
   */
  now<T>(pack: (arena: Arena) => void, call: (slot: number) => void, read: (arena: Arena) => T): T {
    const slot = this.#take();
    try {
      pack(slot.arena);
      this.#register(slot);
      call(slot.number);
      return read(slot.arena);
    } catch (error) {
      throw convertError(error);
    } finally {
      this.#give(slot);
    }
  }

  /**
   * Packs and runs a call on the addon's threads; an abort makes it end soon.
   * @returns when its job has ended
   * @throws signal.reason when aborted, RangeError, TriptychError overloaded
   */
  async later<T>(
    pack: (arena: Arena) => void,
    call: (slot: number) => Promise<void>,
    read: (arena: Arena) => T,
    signal?: AbortSignal,
  ): Promise<T> {
    signal?.throwIfAborted();
    const slot = this.#take();
    const cancel = (): void => this.addon.cancel(slot.number);
    try {
      pack(slot.arena);
      this.#register(slot);
      const ended = call(slot.number);
      signal?.addEventListener('abort', cancel, { once: true });
      await ended;
      signal?.throwIfAborted();
      return read(slot.arena);
    } catch (error) {
      throw convertError(error, signal);
    } finally {
      signal?.removeEventListener('abort', cancel);
      this.#give(slot);
    }
  }

  #take(): Slot {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const number = takeNumber(this.addon);
    return { number, arena: this.#makeArena(), registered: null };
  }

  #makeArena(): Arena {
    return new Arena((bytes) => this.addon.allocate(bytes));
  }

  #register(slot: Slot): void {
    if (slot.registered === slot.arena.buffer) return;
    this.addon.arenaRegister(slot.number, slot.arena.buffer, this.backend.backend);
    slot.registered = slot.arena.buffer;
  }

  /** Memory of an unusually large batch is not kept. */
  #give(slot: Slot): void {
    if (slot.arena.buffer.byteLength > limits.nativeArenaBytesKept) {
      slot.arena = this.#makeArena();
      this.#register(slot);
    }
    this.#free.push(slot);
  }
}

/** Every engine of a thread takes slots from the same row of numbers. */
function takeNumber(addon: NativeAddon): number {
  let free = freeNumbers.get(addon);
  if (free === undefined) {
    free = Array.from({ length: limits.nativeSlotsMax }, (_, i) => limits.nativeSlotsMax - 1 - i);
    freeNumbers.set(addon, free);
  }
  const number = free.pop();
  if (number === undefined)
    throw new TriptychError('overloaded', `The native scorer has ${limits.nativeSlotsMax} calls in flight.`);
  return number;
}
