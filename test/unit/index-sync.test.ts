import { describe, expect, it } from 'vitest';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { testSchema } from '../support/arbitraries.ts';
import { openSharedIndexes, pass, put, unavailable } from '../support/shared-indexes-fixture.ts';

const key = { tenant: 't', generation: 1 };
const catalogue = { schema: testSchema, generation: 1 };
const ids = (count: number) => Array.from({ length: count }, (_, i) => `d${i}`);
const lost = 'an index has lost a catalogue, its documents are written again';

describe('an index that always fails with one catalogue', () => {
  const rows = 20 * limits.sharedIndexBatchMax;

  it('takes everybody else up as fast as without it', async () => {
    const spent = async (broken: boolean) => {
      const { clock, log, index, indexes } = openSharedIndexes();
      if (broken) log.write('broken', 1, ...ids(rows).map(put));
      for (const tenant of ['a', 'b', 'c'])
        log.write(tenant, 1, ...ids(rows).map((id) => put(`${tenant}${id}`)));
      index.failure = (_, { tenant }) => (tenant === 'broken' ? unavailable() : null);
      const startMs = clock.nowMs();
      indexes.start();
      for (const tenant of ['a', 'b', 'c'])
        expect(await clock.run(indexes.caughtUp({ tenant, generation: 1 }, 600_000))).toBe(true);
      await indexes.stop();
      expect(index.has.length).toBe(3 * rows);
      return clock.nowMs() - startMs;
    };
    expect(await spent(true)).toBeLessThanOrEqual((await spent(false)) + limits.syncPollMs);
  });

  it('is tried with it less and less often, and goes on soon after it works again', async () => {
    const { clock, log, index, logger, indexes } = openSharedIndexes();
    log.write('broken', 1, ...ids(rows).map(put));
    index.failure = (_, { tenant }) => (tenant === 'broken' ? unavailable() : null);
    indexes.start();
    await pass(clock, 600_000);
    const tried = index.callsOf.get('broken')!;
    expect(tried).toBeGreaterThan(5);
    expect(tried).toBeLessThanOrEqual(7 + 600_000 / limits.syncPauseMsMax);
    expect(logger.messages).toEqual(['an index cannot take documents of a catalogue now, will be repeated']);
    log.write('late', 1, put('x'));
    await pass(clock, 2 * limits.syncPollMs);
    expect(index.has).toEqual(['x']);
    index.failure = () => null;
    const broken = { tenant: 'broken', generation: 1 };
    expect(await clock.run(indexes.caughtUp(broken, 2 * limits.syncPauseMsMax))).toBe(true);
    await indexes.stop();
  });

  it('blames no catalogue for an index that is away: all go on within seconds of its return', async () => {
    const { clock, log, index, indexes } = openSharedIndexes();
    const tenants = ['a', 'b', 'c'];
    for (const tenant of tenants) log.write(tenant, 1, put(tenant));
    let calls = 0;
    // As through a caller that leaves it alone: now and then one call tries it.
    index.failure = () =>
      calls++ % 3 === 0
        ? unavailable()
        : new TriptychError('unavailable', 'not now', {
            cause: new TriptychError('store_open', 'left alone'),
          });
    indexes.start();
    await pass(clock, 600_000);
    expect(index.has).toEqual([]);
    index.failure = () => null;
    await pass(clock, 2 * limits.loopPauseMsMax);
    expect([...index.has].sort()).toEqual(tenants);
    await indexes.stop();
  });

  it('deletes what is left of others although it cannot delete one', async () => {
    const { clock, log, index, indexes } = openSharedIndexes();
    log.gone = [1, 2, 3].map((generation) => ({ tenant: 't', generation }));
    index.failure = (_, { generation }) => (generation === 1 ? unavailable() : null);
    indexes.start();
    await pass(clock, limits.syncPollMs);
    expect(index.dropped.map(({ generation }) => generation)).toEqual([2, 3]);
    expect(log.gone).toEqual([{ tenant: 't', generation: 1 }]);
    index.failure = () => null;
    await pass(clock, limits.syncSweepMs + limits.syncPollMs);
    expect(log.gone).toEqual([]);
    await indexes.stop();
  });
});

describe('an index that hangs as it makes the place of one catalogue', () => {
  const hanging = () => {
    const opened = openSharedIndexes();
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    opened.index.hangs = (tenant) => (tenant === 'hangs' ? released : undefined);
    return { ...opened, release };
  };
  const own = { tenant: 'hangs', generation: 1 };

  it('takes the others up meanwhile, and that one once it is made', async () => {
    const { clock, log, index, indexes, release } = hanging();
    log.write('hangs', 1, ...ids(250).map((id) => put(`h${id}`)));
    indexes.start();
    indexes.activate('hangs', catalogue, 250);
    await pass(clock, 2 * limits.syncMakeWaitMs);
    log.write('other', 1, ...ids(250).map(put));
    const other = { tenant: 'other', generation: 1 };
    expect(await clock.run(indexes.caughtUp(other, limits.syncPollMs))).toBe(true);
    expect(index.has).toEqual(ids(250));
    expect(index.prepared.filter((tenant) => tenant === 'hangs')).toHaveLength(1);
    release();
    expect(await clock.run(indexes.caughtUp(own, 2 * limits.syncPauseMsMin))).toBe(true);
    expect(index.has).toHaveLength(500);
    expect(index.live).toEqual([own]);
    await indexes.stop();
  });

  it('keeps what it is making from being deleted for as long as that takes', async () => {
    const { clock, log, indexes, release } = hanging();
    log.write('hangs', 1, put('a'));
    indexes.start();
    for (let spentMs = 0; spentMs < 3 * limits.syncLeaseMs; spentMs += 5_000) {
      await pass(clock, 5_000);
      expect(log.heldUntilMs.get('hangs/1')).toBeGreaterThan(clock.nowMs());
    }
    release();
    await pass(clock, limits.syncPauseMsMin);
    const untilMs = log.heldUntilMs.get('hangs/1');
    await pass(clock, limits.syncLeaseMs);
    expect(log.heldUntilMs.get('hangs/1')).toBe(untilMs);
    await indexes.stop();
  });

  it('is asked about the live catalogues of the others meanwhile', async () => {
    const { clock, index, indexes } = hanging();
    indexes.start();
    for (const tenant of ['hangs', 'other']) indexes.activate(tenant, catalogue, 0);
    await pass(clock, 2 * limits.syncCheckMs);
    index.lose();
    await pass(clock, 2 * limits.syncCheckMs);
    expect(index.places).toEqual(new Set(['other/1']));
    await indexes.stop();
  });

  it('deletes it again where the catalogue is gone by then', async () => {
    const { clock, log, index, indexes, release } = hanging();
    log.write('hangs', 1, put('a'));
    indexes.start();
    await pass(clock, 2 * limits.syncMakeWaitMs);
    log.ended.add('hangs/1');
    release();
    await pass(clock, limits.syncPollMs);
    expect(index.dropped).toEqual([own]);
    expect(index.has).toEqual([]);
    await clock.run(indexes.stop());
  });

  it('takes its documents while it is only looked whether it still has the place', async () => {
    const { clock, log, index, indexes } = openSharedIndexes();
    indexes.start();
    indexes.activate('t', catalogue, 0);
    await pass(clock, limits.syncPollMs);
    index.hangs = () => new Promise(() => {});
    await pass(clock, 2 * limits.syncCheckMs);
    log.write('t', 1, put('a'));
    expect(await clock.run(indexes.caughtUp(key, 2 * limits.syncPollMs))).toBe(true);
    expect(index.has).toEqual(['a']);
    await clock.run(indexes.stop());
  });

  it('asks the truth now and then, however many places hang and wait for their turn', async () => {
    const { clock, log, index, indexes } = openSharedIndexes();
    index.hangs = () => new Promise(() => {});
    const tenants = Array.from({ length: 2 * limits.syncMakingMax }, (_, i) => `t${i}`);
    for (const tenant of tenants)
      log.write(tenant, 1, ...ids(5 * limits.sharedIndexBatchMax).map((id) => put(`${tenant}${id}`)));
    indexes.start();
    // Until as many as may are being made.
    await pass(clock, 2 * limits.syncMakingMax * limits.syncMakeWaitMs);
    expect(index.prepared).toHaveLength(limits.syncMakingMax);
    let claims = 0;
    const claim = log.claim.bind(log);
    log.claim = (...asked) => {
      claims++;
      return claim(...asked);
    };
    await pass(clock, 60_000);
    const waiting = tenants.length - limits.syncMakingMax;
    const polls = 60_000 / limits.syncPollMs;
    expect(claims).toBeLessThanOrEqual((waiting + 2) * polls);
    expect(index.prepared).toHaveLength(limits.syncMakingMax);
    await clock.run(indexes.stop());
  });

  it('is tried again after pauses where that fails in the end, and says so once', async () => {
    const { clock, log, index, logger, indexes } = openSharedIndexes();
    index.hangs = async () => {
      await clock.sleep(2 * limits.syncMakeWaitMs);
      throw unavailable();
    };
    log.write('hangs', 1, put('a'));
    indexes.start();
    await pass(clock, 600_000);
    expect(logger.messages).toEqual(['an index cannot take documents of a catalogue now, will be repeated']);
    const tried = index.prepared.length;
    expect(tried).toBeGreaterThan(5);
    expect(tried).toBeLessThanOrEqual(7 + 600_000 / limits.syncPauseMsMax);
    index.hangs = () => undefined;
    expect(await clock.run(indexes.caughtUp(own, 2 * limits.syncPauseMsMax))).toBe(true);
    await indexes.stop();
  });
});

it('makes no place again for a catalogue that is gone, though nobody has said what is live instead', async () => {
  const { clock, log, index, indexes } = openSharedIndexes();
  indexes.start();
  indexes.activate('t', catalogue, 0);
  await pass(clock, 2 * limits.syncCheckMs);
  const before = index.prepared.length;
  expect(before).toBeGreaterThan(1);
  log.ended.add('t/1');
  index.lose();
  await pass(clock, 5 * limits.syncCheckMs);
  expect(index.prepared.length).toBe(before);
  expect(index.places.size).toBe(0);
  await indexes.stop();
});

describe('answers that may be kept', () => {
  it('are those of every tenant whose own documents are all there', async () => {
    const { clock, log, index, indexes } = openSharedIndexes();
    log.write('behind', 1, put('a'));
    index.failure = (_, { tenant }) => (tenant === 'behind' ? unavailable() : null);
    index.unfinished = async (tenants) => tenants.filter((tenant) => tenant === 'computing');
    indexes.start();
    for (const tenant of ['behind', 'computing', 'whole']) indexes.nudge(tenant);
    await pass(clock, 30_000);
    const settled = (tenant: string) => indexes.settled(tenant, clock.nowMs());
    expect(['behind', 'computing', 'whole'].map(settled)).toEqual([false, false, true]);
    index.failure = () => null;
    index.unfinished = async () => [];
    await pass(clock, limits.syncPauseMsMax + index.visibleAfterMs);
    expect(['behind', 'computing', 'whole'].map(settled)).toEqual([true, true, true]);
    await indexes.stop();
  });

  it('are no more those of a tenant of whom another process has made documents due', async () => {
    const { clock, log, index, indexes } = openSharedIndexes();
    for (const tenant of ['rebuilt', 'whole']) indexes.nudge(tenant);
    indexes.start();
    await pass(clock, 30_000);
    const settled = () => ['rebuilt', 'whole'].map((tenant) => indexes.settled(tenant, clock.nowMs()));
    expect(settled()).toEqual([true, true]);
    log.write('rebuilt', 1, put('a'));
    const theirs = await log.claim('milvus', 1, 60_000);
    await pass(clock, 2 * limits.syncPollMs);
    expect(settled()).toEqual([false, true]);
    await log.applied(theirs!);
    await pass(clock, 2 * limits.syncPollMs + index.visibleAfterMs);
    expect(settled()).toEqual([true, true]);
    await indexes.stop();
  });

  it('are found out for more tenants than one look takes', async () => {
    const { clock, indexes } = openSharedIndexes();
    const tenants = Array.from({ length: 2 * limits.syncTenantsPerLook + 1 }, (_, i) => `t${i}`);
    for (const tenant of tenants) indexes.nudge(tenant);
    indexes.start();
    await pass(clock, 10_000);
    expect(tenants.every((tenant) => indexes.settled(tenant, clock.nowMs()))).toBe(true);
    await indexes.stop();
  });
});

it('is never said to have everything while a write waits that came during the look', async () => {
  const { clock, log, indexes } = openSharedIndexes();
  const [lag, claim] = [log.lag.bind(log), log.claim.bind(log)];
  let writes = 0;
  let lastMs = 0;
  log.lag = async (...asked) => {
    const answer = await lag(...asked);
    if (clock.nowMs() - lastMs < 500) return answer;
    lastMs = clock.nowMs();
    log.write('t', 1, put(`d${writes++}`));
    indexes.nudge('t');
    return answer;
  };
  const early: number[] = [];
  log.claim = (...asked) => {
    if (log.due.size > 0 && indexes.settled('t', Number.MAX_SAFE_INTEGER)) early.push(writes);
    return claim(...asked);
  };
  indexes.start();
  await pass(clock, 5_000);
  expect(writes).toBeGreaterThan(3);
  expect(early).toEqual([]);
  await indexes.stop();
});

describe('an index that loses everything while the service runs', () => {
  async function filled() {
    const opened = openSharedIndexes();
    const { clock, log, index, indexes } = opened;
    log.write('t', 1, ...ids(250).map(put));
    indexes.start();
    indexes.activate('t', catalogue, 250);
    expect(await clock.run(indexes.caughtUp(key, 10_000))).toBe(true);
    await pass(clock, 5_000);
    expect(index.has.length).toBe(250);
    expect(index.live).toEqual([key]);
    return opened;
  }

  it('is asked now and then whether it has the live catalogues, and gets nothing twice while it has', async () => {
    const { clock, index, logger, indexes } = await filled();
    const before = index.prepared.length;
    await pass(clock, 100 * limits.syncCheckMs);
    expect(index.prepared.length).toBeGreaterThan(before + 50);
    expect(index.prepared.length).toBeLessThanOrEqual(before + 101);
    expect(index.has.length).toBe(250);
    expect(logger.messages).toEqual([]);
    await indexes.stop();
  });

  it('gets everything again, and its live name, though nothing is written', async () => {
    const { clock, index, logger, indexes } = await filled();
    index.lose();
    await pass(clock, limits.syncCheckMs + 2_000);
    expect([...index.has].sort()).toEqual(ids(250).sort());
    expect(index.live).toEqual([key]);
    expect(logger.messages).toEqual([lost]);
    await pass(clock, index.visibleAfterMs);
    expect(indexes.settled('t', clock.nowMs())).toBe(true);
    await pass(clock, 10 * limits.syncCheckMs);
    expect(index.has.length).toBe(250);
    await indexes.stop();
  });

  it('gets everything again, and its live name, where whoever finds it out is cut off as it makes a new place', async () => {
    const { clock, index, indexes } = await filled();
    index.lose();
    index.cutPrepares = 1;
    await pass(clock, 3 * limits.syncCheckMs);
    expect([...index.has].sort()).toEqual(ids(250).sort());
    expect(index.live).toEqual([key]);
    await indexes.stop();
  });

  it('gets everything again where a write is what finds it out', async () => {
    const { clock, log, index, indexes } = await filled();
    index.lose();
    log.write('t', 1, put('new'));
    expect(await clock.run(indexes.caughtUp(key, 5_000))).toBe(true);
    expect([...new Set(index.has)].sort()).toEqual([...ids(250), 'new'].sort());
    expect(index.live).toEqual([key]);
    await indexes.stop();
  });

  it('fills a catalogue that is new to it once', async () => {
    const { clock, log, index, logger, indexes } = await filled();
    log.write('u', 1, ...ids(150).map(put));
    indexes.activate('u', catalogue, 150);
    expect(await clock.run(indexes.caughtUp({ tenant: 'u', generation: 1 }, 10_000))).toBe(true);
    expect(index.callsOf.get('u')).toBe(2);
    expect(logger.messages).toEqual([]);
    await indexes.stop();
  });
});
