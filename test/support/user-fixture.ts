import type { EventType, UserEvent } from '../../src/domain/user-event.ts';
import type { SearchFixture } from './search-fixture.ts';

let events = 0;

/** An event of the fixture's present moment. */
export function eventOf(fixture: SearchFixture, user: string, document: string, type: EventType): UserEvent {
  return {
    eventId: `event ${events++}`,
    user,
    document,
    type,
    value: type === 'rate' ? 5 : null,
    context: null,
    atMs: fixture.clock.epochMs(),
    requestId: null,
  };
}

/** Records events and lets a second pass, after which they are part of the user's state. */
export async function learn(
  fixture: SearchFixture,
  user: string,
  happened: readonly (readonly [document: string, type: EventType])[],
): Promise<void> {
  const batch = happened.map(([document, type]) => eventOf(fixture, user, document, type));
  await fixture.clock.run(fixture.service.recordEvents('default', batch));
  await fixture.clock.run(fixture.clock.sleep(1_000));
}
