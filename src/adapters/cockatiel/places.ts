import type { Clock } from '../../ports/clock.ts';

interface PlacesOptions {
  readonly clock: Clock;
  readonly placesMax: number;
  readonly abandonedMsMax: number;
  /** Called when the number of abandoned calls has changed. */
  onAbandoned(count: number): void;
}

/** The room that one call takes up until its client has ended it. */
export interface Place {
  /** The client has ended the call. */
  leave(): void;
  /** Nobody waits for the call any more. */
  abandon(): void;
}

/**
 * How many calls are under way at once. One that was given up still holds a connection or a stream, so it keeps its place
 * until the client ends it, or until it has kept it for so long that it will never be ended.
 */
export class Places {
  readonly #options: PlacesOptions;
  /** By the time from which they are abandoned, oldest first, as they were given up in that order. */
  readonly #abandoned = new Map<object, number>();
  #inFlight = 0;

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  get abandoned(): number {
    return this.#abandoned.size;
  }

  /** A place, or null where all are taken. */
  take(): Place | null {
    this.#dropOld();
    if (this.#inFlight + this.#abandoned.size >= this.#options.placesMax) return null;
    this.#inFlight++;
    const call = {};
    let state: 'in_flight' | 'abandoned' | 'left' = 'in_flight';
    return {
      leave: () => {
        if (state === 'in_flight') this.#inFlight--;
        else if (this.#abandoned.delete(call)) this.#options.onAbandoned(this.abandoned);
        state = 'left';
      },
      abandon: () => {
        if (state !== 'in_flight') return;
        state = 'abandoned';
        this.#inFlight--;
        this.#abandoned.set(call, this.#options.clock.nowMs());
        this.#options.onAbandoned(this.abandoned);
      },
    };
  }

  #dropOld(): void {
    const { clock, abandonedMsMax, onAbandoned } = this.#options;
    const before = this.abandoned;
    for (const [call, sinceMs] of this.#abandoned) {
      if (clock.nowMs() - sinceMs < abandonedMsMax) break;
      this.#abandoned.delete(call);
    }
    if (this.abandoned !== before) onAbandoned(this.abandoned);
  }
}
