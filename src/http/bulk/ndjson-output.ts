import { limits } from '../../limits.ts';
import type { Clock } from '../../ports/clock.ts';
import { CallerGone, type Exchange } from '../exchange.ts';

/** Lines of JSON to a client that may read slowly: a write waits until there is room again. */
export class NdjsonOutput {
  readonly #exchange: Exchange;
  readonly #clock: Clock;

  constructor(exchange: Exchange, clock: Clock) {
    this.#exchange = exchange;
    this.#clock = clock;
  }

  /** Whether anything was sent: from then on an error can only be a line. */
  get started(): boolean {
    return this.#exchange.res.headersSent;
  }

  /** @throws CallerGone */
  async write(lines: readonly unknown[]): Promise<void> {
    const { res } = this.#exchange;
    if (res.destroyed) throw new CallerGone();
    if (lines.length === 0) return;
    this.#open();
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    if (!res.write(text)) await this.#room();
  }

  end(): void {
    this.#open();
    this.#exchange.res.end();
  }

  #open(): void {
    const { res } = this.#exchange;
    if (res.headersSent) return;
    res.statusCode = 200;
    res.setHeader('content-type', 'application/x-ndjson; charset=utf-8');
    res.setHeader('cache-control', 'no-store');
    // Proxies that collect a response before passing it on would stall both directions.
    res.setHeader('x-accel-buffering', 'no');
  }

  #room(): Promise<void> {
    const { res } = this.#exchange;
    return new Promise((resolve, reject) => {
      const onDrain = () => settle(resolve);
      const onClose = () => settle(() => reject(new CallerGone()));
      const cancel = this.#clock.after(limits.bulkIdleMsMax, () => {
        res.destroy();
        onClose();
      });
      const settle = (finish: () => void) => {
        cancel();
        res.off('drain', onDrain).off('close', onClose);
        finish();
      };
      res.once('drain', onDrain).once('close', onClose);
    });
  }
}
