import type { DocumentChange } from '../../src/domain/document.ts';
import { TriptychError } from '../../src/errors.ts';
import { SharedIndexes } from '../../src/search/shared-indexes.ts';
import { testSchema } from './arbitraries.ts';
import { RecordingLogger, RecordingMeter } from './event-fixture.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeSharedIndex } from './fake-shared-index.ts';
import { MemorySyncLog } from './memory-sync-log.ts';
import { documentOf } from './recall-subject.ts';

/** One index in memory that follows a sync log in memory, on a clock of its own; pauses are as long as they can be. */
export function openSharedIndexes() {
  const clock = new FakeClock();
  const log = new MemorySyncLog(clock, testSchema);
  const index = new FakeSharedIndex();
  const meter = new RecordingMeter();
  const logger = new RecordingLogger();
  const shared = { indexes: [index], log };
  const indexes = new SharedIndexes({ shared, clock, meter, logger, random: () => 1 });
  return { clock, log, index, meter, logger, indexes };
}

/** Lets the time pass timer by timer, so that whoever wakes can wait again. */
export const pass = (clock: FakeClock, ms: number): Promise<void> => clock.run(clock.sleep(ms));

export const put = (id: string): DocumentChange => ({ kind: 'put', document: documentOf(id) });

export const unavailable = (): TriptychError => new TriptychError('unavailable', 'down');
