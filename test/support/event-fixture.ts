import type { Logger } from '../../src/ports/logger.ts';
import type { Meter } from '../../src/ports/meter.ts';

/** Sums of counters and last values of gauges. */
export class RecordingMeter implements Meter {
  readonly counts: Record<string, number> = {};
  readonly gauges: Record<string, number> = {};

  stage(): void {}
  search(): void {}
  projected(): void {}
  synced(): void {}
  parked = 0;

  indexLag(_index: string, _pending: number, parked: number): void {
    this.parked = parked;
  }

  gauge(name: string, value: number): void {
    this.gauges[name] = value;
  }

  count(name: string, by: number): void {
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }
}

/** Keeps the messages of warnings and errors. */
export class RecordingLogger implements Logger {
  readonly messages: string[] = [];

  info(): void {}

  warn(_: object, message: string): void {
    this.messages.push(message);
  }

  error(_: object, message: string): void {
    this.messages.push(message);
  }
}
