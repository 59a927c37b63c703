import { isIPv6 } from 'node:net';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';

interface Window {
  readonly endsAtMs: number;
  failures: number;
}

/**
 * Counts requests without a valid key by the address that they come from. Keys cannot be guessed; this keeps a client
 * with a wrong one from filling the log. Valid keys are not concerned, whatever others at their address do.
 */
export class FailedKeys {
  readonly #clock: Clock;
  /** The window that was opened first comes first. */
  readonly #windows = new Map<string, Window>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts one more failure: null while there are few, otherwise the milliseconds until they are forgotten. */
  count(address: string): number | null {
    const nowMs = this.#clock.nowMs();
    const window = this.#windowOf(blockOf(address), nowMs);
    window.failures++;
    return window.failures > limits.failedKeysPerAddressMax ? window.endsAtMs - nowMs : null;
  }

  get addresses(): number {
    return this.#windows.size;
  }

  #windowOf(address: string, nowMs: number): Window {
    const known = this.#windows.get(address);
    if (known !== undefined && nowMs < known.endsAtMs) return known;
    this.#windows.delete(address);
    const opened = { endsAtMs: nowMs + limits.failedKeysWindowMs, failures: 0 };
    this.#windows.set(address, opened);
    if (this.#windows.size > limits.failedKeyAddressesMax)
      this.#windows.delete(this.#windows.keys().next().value!);
    return opened;
  }
}

/** One customer has a whole /64 of IPv6; an IPv4 address may be written as IPv6. */
function blockOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const tailGroups = tail === undefined || tail === '' ? [] : tail.split(':');
  if (tail !== undefined) while (groups.length + tailGroups.length < 8) groups.push('0');
  return [...groups, ...tailGroups].slice(0, 4).join(':');
}
