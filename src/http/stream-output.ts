import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import { CallerGone, type Exchange } from './exchange.ts';

/** Text in parts to a client that may read slowly: a write waits until there is room again. */
export class StreamOutput {
  readonly #exchange: Exchange;
  readonly #clock: Clock;
  readonly #contentType: string;

  constructor(exchange: Exchange, clock: Clock, contentType: string) {
    this.#exchange = exchange;
    this.#clock = clock;
    this.#contentType = contentType;
  }

  /** Whether anything was sent: from then on an error can only be a part. */
  get started(): boolean {
    return this.#exchange.res.headersSent;
  }

  /** @throws CallerGone */
  async write(text: string): Promise<void> {
    const { res } = this.#exchange;
    if (res.destroyed) throw new CallerGone();
    if (text === '') return;
    this.#open();
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
    res.setHeader('content-type', `${this.#contentType}; charset=utf-8`);
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

export const ndjsonType = 'application/x-ndjson';

/** Values as lines of JSON. */
export function ndjson(values: readonly unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}
