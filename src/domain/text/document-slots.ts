import { grown } from '../../std/growing-array.ts';
import { SlotRows } from '../slot-rows.ts';

const alive = 0xffff_ffff;

/**
 * Numbers every version of every document once (its slot) and remembers from which to which state of the index it
 * was visible, so that an answer keeps finding the documents it was computed on after later changes. Slots are not
 * reused; the index starts a new table when more than half of them are dead.
 */
export class DocumentSlots {
  /** The newest slot of each id, dead or alive. */
  readonly #newest = new Map<string, number>();
  readonly #ids: string[] = [];
  #previous = new Int32Array(0);
  #born = new Uint32Array(0);
  #died = new Uint32Array(0);
  #liveCount = 0;
  /** Which rows of the resident table the slots are. */
  readonly rows = new SlotRows();
  /** Counts the states of the index. */
  state = 0;

  /** Slots given out, dead ones included. */
  get count(): number {
    return this.#ids.length;
  }

  get liveCount(): number {
    return this.#liveCount;
  }

  /** Gives the document a new slot, visible from the present state on; its earlier slot must have been ended. */
  add(id: string): number {
    const slot = this.#ids.length;
    this.#previous = grown(this.#previous, slot + 1);
    this.#born = grown(this.#born, slot + 1);
    this.#died = grown(this.#died, slot + 1);
    this.#previous[slot] = this.#newest.get(id) ?? -1;
    this.#born[slot] = this.state;
    this.#died[slot] = alive;
    this.#ids.push(id);
    this.#newest.set(id, slot);
    this.#liveCount++;
    return slot;
  }

  /** The slot is no longer visible from the present state on. */
  end(slot: number): void {
    this.#died[slot] = this.state;
    this.#liveCount--;
  }

  isLive(slot: number): boolean {
    return this.#died[slot] === alive;
  }

  /** The live slot of the id, or -1. */
  liveSlotOf(id: string): number {
    const slot = this.#newest.get(id) ?? -1;
    return slot >= 0 && this.isLive(slot) ? slot : -1;
  }

  /** `slotAt` of an id whose row is known: without a lookup where row and slot have met before. */
  slotOfRow(row: number, id: string, state: number): number {
    const slot = this.rows.slotOf(row);
    const isIt =
      slot >= 0 && this.#ids[slot] === id && this.#born[slot]! <= state && state < this.#died[slot]!;
    return isIt ? slot : this.slotAt(id, state);
  }

  /** The slot that the id had in an earlier state, or -1. */
  slotAt(id: string, state: number): number {
    let slot = this.#newest.get(id) ?? -1;
    while (slot >= 0 && this.#born[slot]! > state) slot = this.#previous[slot]!;
    return slot >= 0 && state < this.#died[slot]! ? slot : -1;
  }

  idOf(slot: number): string {
    return this.#ids[slot]!;
  }
}
