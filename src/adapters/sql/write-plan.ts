import { changedId, type Document } from '../../domain/document.ts';
import type { DocumentWrite, WriteAck } from '../../ports/document-store.ts';

/**
 * How far writes have moved an id's version, for both states it may have been in before: a delete counts only where
 * there was a document to delete.
 */
interface Steps {
  whenLive: number;
  whenAbsent: number;
}

/** All writes of one id in a call, as the single row change they amount to. */
export interface PlannedRow extends Readonly<Steps> {
  readonly id: string;
  /** What stays at the end; null: a tombstone. */
  readonly document: Document | null;
}

export interface WritePlan {
  readonly rows: readonly PlannedRow[];
  /** One per write, in the caller's order. */
  readonly acks: readonly ({ readonly id: string } & Readonly<Steps>)[];
}

/** What the store knew of an id before the call. */
export interface PriorState {
  readonly version: number;
  readonly live: boolean;
}

/**
 * Folds a list of writes into one change per id without asking the store: put moves the version by one, delete by one
 * if the document is alive, which is known after the id's first write whatever was there before.
 */
export function planWrites(writes: readonly DocumentWrite[]): WritePlan {
  const states = new Map<string, Steps & { alive: boolean | 'unknown'; document: Document | null }>();
  const acks = writes.map((write) => {
    const id = changedId(write);
    let state = states.get(id);
    if (state === undefined) {
      state = { whenLive: 0, whenAbsent: 0, alive: 'unknown', document: null };
      states.set(id, state);
    }
    if (write.kind === 'put' || state.alive === true) {
      state.whenLive += 1;
      state.whenAbsent += 1;
    } else if (state.alive === 'unknown') state.whenLive += 1;
    state.alive = write.kind === 'put';
    state.document = write.kind === 'put' ? write.document : null;
    return { id, whenLive: state.whenLive, whenAbsent: state.whenAbsent };
  });
  const rows = [...states].map(([id, state]) => ({
    id,
    whenLive: state.whenLive,
    whenAbsent: state.whenAbsent,
    document: state.document,
  }));
  return { rows, acks };
}

/** The versions that the writes gave, from what was there before the call. */
export function acknowledge(plan: WritePlan, before: ReadonlyMap<string, PriorState>): WriteAck[] {
  return plan.acks.map((ack) => {
    const prior = before.get(ack.id);
    const steps = prior?.live === true ? ack.whenLive : ack.whenAbsent;
    return { id: ack.id, version: (prior?.version ?? 0) + steps };
  });
}
