import { expect, it } from 'vitest';
import { emptyPolicy } from '../../src/domain/policy.ts';
import { fanOfDocuments, inProcessParts, searchFixture } from '../support/search-fixture.ts';
import { eventOf, learn } from '../support/user-fixture.ts';

it('nothing begins after the service was closed, an export neither', async () => {
  const fixture = await searchFixture(inProcessParts, fanOfDocuments(3));
  const { service, clock } = fixture;
  await learn(fixture, 'ann', [['d0', 'like']]);
  const countOf = async (records: AsyncIterable<unknown>) => {
    let count = 0;
    for await (const _ of records) count++;
    return count;
  };
  expect(await clock.run(countOf(service.exportUser('default', 'ann')))).toBe(2);
  const called = service.exportUser('default', 'ann');
  await clock.run(service.close());
  const calls: (() => Promise<unknown>)[] = [
    () => countOf(called),
    () => countOf(service.exportUser('default', 'ann')),
    () => service.eraseUser('default', 'ann'),
    () => service.policy('default', 'ann', 'default'),
    () => service.putPolicy('default', 'ann', 'default', emptyPolicy, undefined),
    () => service.recordEvents('default', [eventOf(fixture, 'ann', 'd1', 'like')]),
    () => fixture.search({ query: 'robot' }),
  ];
  for (const call of calls) await expect(clock.run(call())).rejects.toMatchObject({ code: 'not_ready' });
});
