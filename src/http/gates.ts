import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { HttpMeter } from '../ports/http-meter.ts';
import { Gate } from './gate.ts';

/** One gate for each kind of work: a flood of one kind keeps no other out. Health and metrics pass none. */
export interface Gates {
  readonly searches: Gate;
  readonly documents: Gate;
  readonly bulks: Gate;
  readonly events: Gate;
  readonly users: Gate;
  readonly streams: Gate;
}

export function openGates(clock: Clock, meter: HttpMeter): Gates {
  let waitingNow = 0;
  const waiting = (change: 1 | -1): void => {
    waitingNow += change;
    meter.gauge('requests_waiting', waitingNow);
  };
  const gate = (max: number): Gate => new Gate(max, clock, { waiting });
  return {
    searches: new Gate(limits.searchesInFlightMax, clock, {
      waiting,
      inside: (places) => meter.gauge('searches_in_flight', places),
    }),
    documents: gate(limits.documentRequestsInFlightMax),
    bulks: gate(limits.bulksInFlightMax),
    events: gate(limits.eventRequestsInFlightMax),
    users: gate(limits.userRequestsInFlightMax),
    streams: gate(limits.streamsInFlightMax),
  };
}
