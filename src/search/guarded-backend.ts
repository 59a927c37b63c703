import type { TableSnapshot } from '../domain/table-snapshot.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { RerankAnswer, RerankBatch, Reranker } from '../ports/reranker.ts';

/** A call that a backend left without an answer for longer than it had. */
export class UnansweredCall extends Error {
  constructor(name: string, ms: number) {
    super(`${name} did not answer within ${Math.round(ms)} ms`);
    this.name = 'UnansweredCall';
  }
}

/** A call that the backend has not ended. */
interface OpenCall {
  readonly startedMs: number;
  /** It has ended for its caller. */
  abandoned: boolean;
}

interface GuardParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called once when the backend is latched off. */
  readonly onOff?: () => void;
}

/**
 * A backend that cannot hold its callers up: every call ends when nobody waits for it any more, or when it took too long.
 * While such a call, or a slow one, is still open inside the backend it takes no other one. It is latched off, for the life of the
 * process and with a reason, when it says that it is lost, fails several times in a row, or keeps a call to itself. The
 * last resort is never latched off.
 */
export class GuardedBackend {
  readonly reranker: Reranker;
  readonly #parts: GuardParts;
  readonly #lastResort: boolean;
  readonly #open = new Set<OpenCall>();
  #failures = 0;
  #offReason: string | null = null;

  constructor(reranker: Reranker, parts: GuardParts, { lastResort }: { readonly lastResort: boolean }) {
    this.reranker = reranker;
    this.#parts = parts;
    this.#lastResort = lastResort;
  }

  /** Why it is latched off, or null. */
  get offReason(): string | null {
    return this.#offReason;
  }

  /** Whether a batch over this table may go to it now. */
  takes(table: TableSnapshot): boolean {
    if (this.#offReason !== null) return false;
    const sinceMs = this.#parts.clock.nowMs() - limits.rerankOvertakeMs;
    for (const { abandoned, startedMs } of this.#open) if (abandoned || startedMs <= sinceMs) return false;
    return this.reranker.supports?.(table) ?? true;
  }

  /** Why no batch over this table ever goes to it, or null. */
  refusal(table: TableSnapshot): string | null {
    return this.reranker.refusal?.(table) ?? null;
  }

  /**
   * The table's rows stay as they are until the backend itself is through, which may be after the caller has given up.
   * @param answerMs how long it may take
   * @throws what the backend throws; signal.reason; UnansweredCall
   */
  async call(batch: RerankBatch, signal: AbortSignal, answerMs: number): Promise<RerankAnswer> {
    signal.throwIfAborted();
    const open: OpenCall = { startedMs: this.#parts.clock.nowMs(), abandoned: false };
    const answer = this.#start(batch, signal, open);
    try {
      const settled = await this.#endsInTime(answer, signal, answerMs, open);
      this.#failures = 0;
      return settled;
    } catch (error) {
      if (!signal.aborted && isFinal(error)) this.#latch(messageOf(error));
      throw error;
    }
  }

  async #start(batch: RerankBatch, signal: AbortSignal, open: OpenCall): Promise<RerankAnswer> {
    const release = batch.table.retain();
    this.#open.add(open);
    try {
      return await this.reranker.rerank(batch, signal);
    } finally {
      this.#open.delete(open);
      release();
    }
  }

  #endsInTime(
    answer: Promise<RerankAnswer>,
    signal: AbortSignal,
    answerMs: number,
    open: OpenCall,
  ): Promise<RerankAnswer> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        watch.cancel();
        signal.removeEventListener('abort', giveUp);
      };
      const abandon = (reason: unknown): void => {
        end();
        open.abandoned = true;
        this.#expectEnd(open);
        reject(reason);
      };
      const giveUp = (): void => abandon(signal.reason);
      const watch = patience(this.#parts.clock, answerMs, () =>
        abandon(new UnansweredCall(this.reranker.name, answerMs)),
      );
      signal.addEventListener('abort', giveUp, { once: true });
      answer.then(
        (value) => {
          end();
          resolve(value);
        },
        (error: unknown) => {
          end();
          reject(error);
        },
      );
    });
  }

  /** Nobody waits for this call any more; a backend that does not end it soon is broken. */
  #expectEnd(open: OpenCall): void {
    const graceMs = limits.rerankHungMsMax;
    patience(this.#parts.clock, graceMs, () => {
      if (this.#open.has(open)) this.#latch(`a call did not end within ${graceMs} ms of being given up`);
    });
  }

  /** Another backend could do what this one failed at: it is its fault. A batch that it does not take is not. */
  blame(error: unknown): void {
    if (error instanceof RangeError) return;
    this.#failures++;
    if (this.#failures < limits.rerankFailuresMax) return;
    this.#latch(`${this.#failures} calls in a row failed: ${messageOf(error)}`);
  }

  #latch(reason: string): void {
    if (this.#offReason !== null || this.#lastResort) return;
    this.#offReason = reason;
    const { logger, onOff } = this.#parts;
    logger.error({ backend: this.reranker.name, reason }, 'a scoring backend is off until the next start');
    onOff?.();
  }
}

/**
 * Calls back after `ms` in which the event loop turned: work that holds the loop for long holds answers back too, so the
 * time passes in two halves and the second one begins after such work.
 */
function patience(clock: Clock, ms: number, callback: () => void): { cancel(): void } {
  let cancel = clock.after(ms / 2, () => {
    cancel = clock.after(ms / 2, callback);
  });
  return { cancel: () => cancel() };
}

/** Whether no call after this one is worth a try. */
function isFinal(error: unknown): boolean {
  if (error instanceof UnansweredCall) return true;
  return error instanceof TriptychError && error.code === 'unavailable';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
