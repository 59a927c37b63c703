import { describe, expect, it } from 'vitest';
import { changedId } from '../../src/domain/document.ts';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { SharedIndexes } from '../../src/search/shared-indexes.ts';
import { testSchema } from '../support/arbitraries.ts';
import { RecordingLogger, RecordingMeter } from '../support/event-fixture.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { pass, put, openSharedIndexes as setUp, unavailable } from '../support/shared-indexes-fixture.ts';

const key = { tenant: 't', generation: 1 };
const catalogue = { schema: testSchema, generation: 1 };
describe('an index outside the process', () => {
  it('is brought up to date in bounded batches, prepared once for each generation', async () => {
    const { clock, log, index, indexes } = setUp();
    const ids = Array.from({ length: 2 * limits.sharedIndexBatchMax + 5 }, (_, i) => `d${i}`);
    log.write('t', 1, ...ids.map(put));
    indexes.start();
    expect(await clock.run(indexes.caughtUp(key, 10_000))).toBe(true);
    expect(index.has).toEqual(ids);
    expect(index.calls).toBe(3);
    expect(index.prepared).toEqual(['t']);
    expect(log.followed).toEqual(new Set(['milvus']));
    await indexes.stop();
  });

  it('gets what failed again after a pause, and says once that it is behind', async () => {
    const { clock, log, index, logger, meter, indexes } = setUp();
    log.write('t', 1, put('a'));
    index.failure = unavailable;
    indexes.start();
    await pass(clock, 60_000);
    expect(index.has).toEqual([]);
    expect(index.calls).toBeGreaterThan(3);
    expect(index.calls).toBeLessThan(40);
    expect(log.due.get('t/1/a')?.reason).toBe('unavailable');
    expect(logger.messages.length).toBeLessThanOrEqual(index.calls);
    index.failure = () => null;
    expect(await clock.run(indexes.caughtUp(key, 120_000))).toBe(true);
    expect(index.has).toEqual(['a']);
    await indexes.stop();
    expect(meter.parked).toBe(0);
  });

  it('does again what it may have overwritten after its lease was lost', async () => {
    const { clock, log, index, meter, indexes } = setUp();
    log.write('t', 1, put('a'));
    let losing = true;
    index.failure = () => {
      if (losing) log.takeOver();
      losing = false;
      return null;
    };
    indexes.start();
    expect(await clock.run(indexes.caughtUp(key, 10_000))).toBe(true);
    expect(index.has).toEqual(['a', 'a']);
    expect(log.due.size).toBe(0);
    expect(meter.parked).toBe(0);
    await indexes.stop();
  });

  it('parks the one document that it never takes, and takes the others of its batch', async () => {
    const { clock, log, index, meter, indexes } = setUp();
    log.write('t', 1, put('a'), put('bad'), put('c'));
    index.failure = (changes) =>
      changes.some((change) => changedId(change) === 'bad')
        ? new TriptychError('invalid_document', 'no')
        : null;
    indexes.start();
    expect(await clock.run(indexes.caughtUp(key, 10_000))).toBe(true);
    expect(index.has).toEqual(['a', 'c']);
    expect([...log.parked]).toEqual([['bad', 'invalid_document']]);
    expect(indexes.lags()).toEqual([
      { index: 'milvus', lag: { pending: 0, oldestEpochMs: null, parked: 1 } },
    ]);
    expect(meter.parked).toBe(1);
    await indexes.stop();
  });

  it('says what somebody has to change in it for as long as that is so, and logs it once', async () => {
    const { clock, log, index, logger, indexes } = setUp();
    const says = 'the collection c has vectors of 3 numbers, not 8';
    const cause = new TriptychError('invalid_settings', says);
    index.preparing = () => new TriptychError('unavailable', says, { cause });
    log.write('t', 1, put('a'));
    indexes.start();
    indexes.activate('t', catalogue, 1);
    for (let minutes = 0; minutes < 5; minutes++) {
      await pass(clock, 60_000);
      expect(indexes.lags()).toMatchObject([
        { index: 'milvus', lag: { pending: 1, parked: 0 }, problem: says },
      ]);
    }
    const unfit = 'what an index has does not fit a catalogue, which is searched without it';
    expect(logger.messages.filter((message) => message === unfit)).toHaveLength(1);
    expect(new Set(logger.messages).size).toBe(logger.messages.length);
    expect(index.calls).toBe(0);
    index.preparing = () => null;
    expect(await clock.run(indexes.caughtUp(key, 120_000))).toBe(true);
    await pass(clock, 1_000);
    expect(index.has).toEqual(['a']);
    expect(indexes.lags()[0]).not.toHaveProperty('problem');
    // What may pass by itself is no such thing.
    index.preparing = unavailable;
    await pass(clock, 60_000);
    expect(indexes.lags()[0]).not.toHaveProperty('problem');
    await indexes.stop();
  });

  it('says nothing more of a catalogue that nobody has tried for a while', async () => {
    const { clock, log, index, indexes } = setUp();
    const cause = new TriptychError('invalid_settings', 'no');
    index.preparing = () => new TriptychError('unavailable', 'no', { cause });
    log.write('t', 1, put('a'));
    indexes.start();
    await pass(clock, 10_000);
    expect(indexes.lags()).toMatchObject([{ problem: 'no' }]);
    log.due.clear();
    await pass(clock, 2 * limits.syncProblemMs);
    expect(indexes.lags()[0]).not.toHaveProperty('problem');
    await indexes.stop();
  });

  it('says how much is missing where it does not get there in time', async () => {
    const { clock, log, index, indexes } = setUp();
    log.write('t', 1, put('a'), put('b'));
    index.failure = unavailable;
    indexes.start();
    expect(await clock.run(indexes.caughtUp(key, 1_000))).toBe(false);
    expect(await indexes.pending(key)).toBe(2);
    await indexes.stop();
  });

  it('lets answers be kept only when it has shown everything since the last change for long enough', async () => {
    const { clock, log, index, indexes } = setUp();
    indexes.start();
    expect(indexes.settled('t', clock.nowMs())).toBe(false);
    indexes.nudge('t');
    await pass(clock, limits.syncPollMs);
    expect(indexes.settled('t', clock.nowMs())).toBe(false);
    await pass(clock, index.visibleAfterMs);
    expect(indexes.settled('t', clock.nowMs())).toBe(true);
    // A search that began too early did not see it all, whenever it ends.
    expect(indexes.settled('t', clock.nowMs() - index.visibleAfterMs)).toBe(false);
    log.write('t', 1, put('a'));
    indexes.nudge('t');
    expect(indexes.settled('t', clock.nowMs())).toBe(false);
    await pass(clock, index.visibleAfterMs + limits.syncPollMs);
    expect(index.has).toEqual(['a']);
    expect(indexes.settled('t', clock.nowMs())).toBe(true);
    // Written by somebody else, seen by the poll.
    log.write('t', 1, put('b'));
    await pass(clock, limits.syncPollMs);
    expect(indexes.settled('t', clock.nowMs())).toBe(false);
    await indexes.stop();
  });

  it('is never settled while something stays due', async () => {
    const { clock, log, index, indexes } = setUp();
    log.write('t', 1, put('a'));
    index.failure = unavailable;
    indexes.start();
    indexes.nudge('t');
    await pass(clock, 30_000);
    expect(indexes.settled('t', clock.nowMs())).toBe(false);
    await indexes.stop();
  });

  it('drops what is left of catalogues that are gone', async () => {
    const { clock, log, index, indexes } = setUp();
    log.gone = [{ tenant: 't', generation: 1 }];
    indexes.start();
    await pass(clock, limits.syncPollMs);
    expect(index.dropped).toEqual([{ tenant: 't', generation: 1 }]);
    expect(log.gone).toEqual([]);
    await indexes.stop();
  });

  it('moves the live name, however often that takes', async () => {
    const { clock, index, indexes } = setUp();
    index.failure = unavailable;
    indexes.activate('t', catalogue, 0);
    await pass(clock, 2_000);
    expect(index.live).toEqual([]);
    index.failure = () => null;
    await pass(clock, limits.syncPauseMsMax);
    expect(index.live).toEqual([key]);
    await indexes.stop();
  });

  it('gets everything again where it has lost a catalogue, and only then', async () => {
    const { clock, log, index, logger, indexes } = setUp();
    log.write('t', 1, put('a'), put('b'));
    indexes.start();
    indexes.activate('t', catalogue, 2);
    expect(await clock.run(indexes.caughtUp(key, 10_000))).toBe(true);
    expect(index.has).toEqual(['a', 'b']);
    indexes.activate('t', catalogue, 2);
    await pass(clock, 1_000);
    expect(index.has).toEqual(['a', 'b']);
    expect(logger.messages).toEqual([]);
    index.has.length = 0;
    indexes.activate('t', catalogue, 2);
    await pass(clock, 1_000);
    expect(index.has).toEqual(['a', 'b']);
    expect(logger.messages).toEqual(['an index has lost a catalogue, its documents are written again']);
    await indexes.stop();
  });

  it('is not settled while it computes what it was given, nor for ever after one look that failed', async () => {
    const { clock, log, index, indexes } = setUp();
    let unfinished = ['t'];
    index.unfinished = async () => unfinished;
    indexes.start();
    indexes.nudge('t');
    await pass(clock, 10_000);
    expect(indexes.settled('t', clock.nowMs())).toBe(false);
    unfinished = [];
    const { lag } = log;
    let failures = 1;
    log.lag = (...asked) => (failures-- > 0 ? Promise.reject(unavailable()) : lag.apply(log, asked));
    await pass(clock, 10_000);
    expect(failures).toBeLessThan(0);
    expect(indexes.settled('t', clock.nowMs())).toBe(true);
    await indexes.stop();
  });

  it('does not show a generation again once a newer one was to be shown', async () => {
    const { clock, index, indexes } = setUp();
    index.failure = unavailable;
    indexes.activate('t', catalogue, 0);
    await pass(clock, 2_000);
    index.failure = () => null;
    indexes.activate('t', { ...catalogue, generation: 2 }, 0);
    indexes.activate('t', catalogue, 0);
    await pass(clock, 2 * limits.syncPauseMsMax);
    expect(index.live).toEqual([{ tenant: 't', generation: 2 }]);
    await indexes.stop();
  });

  it('goes on with other work while it deletes what is left of a large catalogue', async () => {
    const { clock, log, index, indexes } = setUp();
    log.gone = [key];
    index.drop = () => new Promise(() => {});
    indexes.start();
    await pass(clock, limits.syncPollMs);
    log.write('t', 2, put('a'));
    expect(await clock.run(indexes.caughtUp({ tenant: 't', generation: 2 }, 10_000))).toBe(true);
    expect(index.has).toEqual(['a']);
    await clock.run(indexes.stop());
  });

  it('holds the end of the service up for a bounded time', async () => {
    const { clock, log, index, indexes } = setUp();
    log.write('t', 1, put('a'));
    index.apply = () => new Promise(() => {});
    indexes.start();
    await pass(clock, 1_000);
    const beforeMs = clock.nowMs();
    await clock.run(indexes.stop());
    expect(clock.nowMs() - beforeMs).toBeLessThanOrEqual(limits.syncEndMsMax);
  });

  it('keeps nobody waiting where there is none', async () => {
    const clock = new FakeClock();
    const indexes = new SharedIndexes({
      shared: null,
      clock,
      meter: new RecordingMeter(),
      logger: new RecordingLogger(),
    });
    indexes.start();
    expect(indexes.settled('t', 0)).toBe(true);
    expect(await clock.run(indexes.caughtUp(key, 1_000))).toBe(true);
    await indexes.stop();
  });
});
