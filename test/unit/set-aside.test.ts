import { expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import { SetAside } from '../../src/search/set-aside.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { eventOf } from '../support/user-states.ts';

const pending = (user: string, count = 1) => ({
  tenant: 't',
  user,
  events: Array.from({ length: count }, (_, i) => ({
    ...eventOf(`${user}${i}`, { user }),
    tenant: 't',
    receivedAtMs: 1,
  })),
});

it('users are left out for their time, again when they are set aside again, and the oldest give way', () => {
  const clock = new FakeClock();
  const aside = new SetAside(clock);
  aside.add(pending('a', 2));
  clock.hold(limits.eventSetAsideMs / 2);
  aside.add(pending('b'));
  expect([aside.users(), aside.events]).toEqual([
    [
      { tenant: 't', user: 'a' },
      { tenant: 't', user: 'b' },
    ],
    3,
  ]);
  clock.hold(limits.eventSetAsideMs / 2);
  expect([aside.users(), aside.events]).toEqual([[{ tenant: 't', user: 'b' }], 1]);
  aside.add(pending('a'));
  aside.add(pending('b'));
  clock.hold(limits.eventSetAsideMs / 2);
  expect(aside.users().map(({ user }) => user)).toEqual(['a', 'b']);
  for (let i = 0; i < limits.eventSetAsideUsersMax - 1; i++) aside.add(pending(`u${i}`));
  const users = aside.users().map(({ user }) => user);
  expect([users.length, users[0]]).toEqual([limits.eventSetAsideUsersMax, 'b']);
});
