/** Where progress is drawn: standard error, or a test's collector. */
export interface ProgressOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface ProgressOptions {
  readonly label: string;
  /** What 100 % is; null: unknown. */
  readonly total: number | null;
  readonly colour: boolean;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

const redrawMs = 100;
const plainMs = 5_000;
const barColumns = 24;

/**
 * Progress of one long step: a bar that redraws itself on a terminal, a plain line every five seconds elsewhere, so
 * that logs stay readable.
 */
export class Progress {
  readonly #output: ProgressOutput;
  readonly #options: ProgressOptions;
  #drawnAtMs: number;
  #drawn = false;

  constructor(output: ProgressOutput, options: ProgressOptions) {
    this.#output = output;
    this.#options = options;
    this.#drawnAtMs = options.nowMs();
  }

  /** `done` in the unit of `total`; `detail` says it in words, for example `1,200 documents`. */
  update(done: number, detail: string): void {
    const nowMs = this.#options.nowMs();
    if (nowMs - this.#drawnAtMs < (this.#output.isTTY ? redrawMs : plainMs)) return;
    this.#drawnAtMs = nowMs;
    const { label, total } = this.#options;
    const share = total === null || total === 0 ? null : Math.min(1, done / total);
    const percent = share === null ? '' : ` ${String(Math.floor(share * 100)).padStart(3)} %`;
    if (!this.#output.isTTY) {
      this.#output.write(`${label}:${percent} ${detail}\n`);
      return;
    }
    const bar = share === null ? '' : ` ${this.#bar(share)}`;
    const room = (this.#output.columns ?? 80) - 1 - label.length - (share === null ? 0 : barColumns + 1);
    this.#output.write(`\r${label}${bar}${`${percent} ${detail}`.slice(0, Math.max(0, room))}\x1b[K`);
    this.#drawn = true;
  }

  /** Takes the bar away; what remains is said by the caller. */
  finish(): void {
    if (this.#drawn) this.#output.write('\r\x1b[K');
    this.#drawn = false;
  }

  #bar(share: number): string {
    const full = Math.round(share * barColumns);
    const [filled, empty] = ['█'.repeat(full), '░'.repeat(barColumns - full)];
    return this.#options.colour ? `\x1b[36m${filled}\x1b[0m${empty}` : `${filled}${empty}`;
  }
}
