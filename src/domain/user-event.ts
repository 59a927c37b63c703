/** What users do with documents, and what it is worth. */

export const eventTypes = [
  'impression',
  'click',
  'view',
  'complete',
  'like',
  'dislike',
  'rate',
  'skip',
  'hide',
] as const;
export type EventType = (typeof eventTypes)[number];

/** An event as a client reports it, checked. */
export interface UserEvent {
  /** The client's id, unique within the tenant: a repetition is acknowledged and changes nothing. */
  readonly eventId: string;
  readonly user: string;
  readonly document: string;
  readonly type: EventType;
  /** 1..5, with `rate` only; null otherwise. */
  readonly value: number | null;
  readonly context: string | null;
  /** Milliseconds since 1970, not later than limits.eventFutureMsMax after its arrival. */
  readonly atMs: number;
  /** Id of the search that showed the document. */
  readonly requestId: string | null;
}

/** An acknowledged event. */
export interface LoggedEvent extends UserEvent {
  readonly tenant: string;
  readonly receivedAtMs: number;
}

const rewards: Readonly<Record<Exclude<EventType, 'rate'>, number>> = {
  impression: 0,
  click: 0.2,
  view: 0.3,
  complete: 0.6,
  like: 1,
  dislike: -1,
  skip: -0.2,
  hide: -1,
};

/** -1..1 */
export function rewardOf(event: Pick<UserEvent, 'type' | 'value'>): number {
  return event.type === 'rate' ? ((event.value ?? 3) - 3) / 2 : rewards[event.type];
}

const seeingTypes: ReadonlySet<EventType> = new Set(['view', 'complete', 'like', 'dislike', 'rate']);

/** Whether the event means that the user knows the document now. */
export function meansSeen(type: EventType): boolean {
  return seeingTypes.has(type);
}
