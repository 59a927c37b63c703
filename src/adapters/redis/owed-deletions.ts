import { limits } from '../../limits.ts';
import type { Clock } from '../../ports/clock.ts';

/** Entries to be deleted: the one of a name, or all whose names begin so. */
export interface Deletion {
  readonly name: string;
  readonly all: boolean;
  readonly make: () => Promise<void>;
}

interface Owed {
  readonly untilMs: number;
  readonly deletion: Deletion;
}

/**
 * Deletions that Redis did not take. Until they are made this process neither gives out nor keeps what they are about;
 * they are tried again for as long as any such entry lives. Where there are too many the oldest is given up.
 */
export class OwedDeletions {
  readonly #clock: Clock;
  readonly #owed = new Map<string, Owed>();
  #cancel: (() => void) | null = null;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(deletion: Deletion): void {
    const key = `${deletion.all}:${deletion.name}`;
    this.#owed.delete(key);
    this.#owed.set(key, { untilMs: this.#clock.nowMs() + limits.redisOwedDeletionMsMax, deletion });
    if (this.#owed.size > limits.redisOwedDeletionsMax) this.#owed.delete(this.#owed.keys().next().value!);
    this.#expect();
  }

  /** Whether an entry is to be deleted. */
  covers(name: string): boolean {
    for (const { deletion } of this.#owed.values())
      if (deletion.all ? name.startsWith(deletion.name) : name === deletion.name) return true;
    return false;
  }

  close(): void {
    this.#closed = true;
    this.#owed.clear();
    this.#cancel?.();
    this.#cancel = null;
  }

  #expect(): void {
    if (this.#closed || this.#cancel !== null || this.#owed.size === 0) return;
    this.#cancel = this.#clock.after(limits.redisOwedDeletionIntervalMs, () => {
      void this.#settle().finally(() => {
        this.#cancel = null;
        this.#expect();
      });
    });
  }

  /** One after another, up to the first that fails: the next ones would as well. */
  async #settle(): Promise<void> {
    const nowMs = this.#clock.nowMs();
    for (const [key, owed] of [...this.#owed]) {
      try {
        if (owed.untilMs > nowMs) await owed.deletion.make();
        if (this.#owed.get(key) === owed) this.#owed.delete(key);
      } catch {
        return;
      }
    }
  }
}
