import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';

/**
 * Nobody asks a server that has not been looked at: whether it is there, lets in who should be let in, and has a schema
 * that this program can serve. As long as that fails it is tried again in the background, less and less often.
 */
export class BootGate {
  readonly #check: () => Promise<void>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #opened: Promise<void>;
  #open: () => void = () => undefined;
  #passed = false;
  #closed = false;
  #checking: Promise<void> | null = null;
  #failure: TriptychError | null = null;
  #pauseMs: number = limits.sqlRecheckMsMin;
  #cancel: () => void = () => undefined;

  constructor(check: () => Promise<void>, clock: Clock, logger: Logger) {
    this.#check = check;
    this.#clock = clock;
    this.#logger = logger;
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  get passed(): boolean {
    return this.#passed;
  }

  /** Resolves when the server may be asked; rejects with why the last look failed. */
  async pass(): Promise<void> {
    if (this.#passed) return;
    if (this.#checking === null && this.#failure !== null) throw this.#failure;
    await this.check();
  }

  /** Looks at the server now, unless somebody does. @throws TriptychError why it may not be asked */
  check(): Promise<void> {
    this.#checking ??= this.#look().finally(() => {
      this.#checking = null;
    });
    return this.#checking;
  }

  /** Resolves once the server may be asked, however long that takes. */
  opened(): Promise<void> {
    return this.#opened;
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  async #look(): Promise<void> {
    this.#cancel();
    try {
      await this.#check();
      if (this.#failure !== null) this.#logger.info({ store: 'postgres' }, 'the document store is there');
      this.#passed = true;
      this.#open();
    } catch (error) {
      const failure =
        error instanceof TriptychError
          ? error
          : new TriptychError('unavailable', 'the document store cannot be reached', { cause: error });
      if (this.#failure?.message !== failure.message)
        this.#logger.warn({ store: 'postgres', error: failure }, 'the document store cannot be used yet');
      this.#failure = failure;
      this.#again();
      throw failure;
    }
  }

  #again(): void {
    if (this.#closed) return;
    this.#cancel = this.#clock.after(this.#pauseMs, () => {
      this.check().catch(() => undefined);
    });
    this.#pauseMs = Math.min(2 * this.#pauseMs, limits.sqlRecheckMsMax);
  }
}
