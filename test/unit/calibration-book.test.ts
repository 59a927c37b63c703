import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CalibrationFile } from '../../src/adapters/system/calibration-file.ts';
import type { BackendName } from '../../src/domain/backend-name.ts';
import { type Calibration, calibrationCells } from '../../src/domain/calibration.ts';
import { limits } from '../../src/limits.ts';
import { CalibrationBook } from '../../src/search/calibration-book.ts';
import { GuardedBackend } from '../../src/search/guarded-backend.ts';
import { FakeBackend } from '../support/fake-backends.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { Random } from '../support/random.ts';
import { randomTable } from '../support/score-cases.ts';
import { silentLogger } from '../support/search-fixture.ts';

const random = new Random('calibration book');
const table = randomTable(random, limits.calibrationDocumentsMin, 6);

function calibration(clock: FakeClock, changes: Partial<Calibration> = {}): Calibration {
  const us = calibrationCells.map((_, i) => i + 1);
  return {
    tier: 'f32',
    dimensionMax: 8,
    measuredAtMs: clock.epochMs(),
    backends: [{ name: 'native', variant: 'fake', us }],
    ...changes,
  };
}

function setUp(
  kept: (clock: FakeClock) => readonly Calibration[] = () => [],
  names: readonly BackendName[] = ['native', 'js'],
) {
  const clock = new FakeClock();
  const fakes = names.map((name, i) => {
    const backend = new FakeBackend(name, clock, () => ({ kind: 'answers', ms: 1 + i }));
    backend.selects = false;
    return backend;
  });
  const backends = fakes.map(
    (fake) => new GuardedBackend(fake, { clock, logger: silentLogger }, { lastResort: fake.name === 'js' }),
  );
  const saved: (readonly Calibration[])[] = [];
  const store = { save: async (all: readonly Calibration[]) => void saved.push(all) };
  const book = new CalibrationBook({ backends, kept: kept(clock), store, clock, logger: silentLogger });
  /** Lets time pass until nothing happens any more. */
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 3_000; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(1);
    }
  };
  return { clock, fakes, book, saved, settle };
}

describe('the calibration book', () => {
  it('measures a kind of table once, after a pause, and keeps what came out', async () => {
    const { book, fakes, saved, clock, settle } = setUp();
    expect(book.times(table)).toBeNull();
    book.offer(table);
    book.offer(table);
    clock.advance(limits.calibrationDelayMs - 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(fakes[0]!.batches).toEqual([]);
    await settle();
    expect(book.times(table)!.map(({ name, us }) => [name, us.map(Math.round)])).toEqual([
      ['native', calibrationCells.map(() => 1_000)],
      ['js', calibrationCells.map(() => 2_000)],
    ]);
    expect(book.all()).toMatchObject([{ tier: 'f32', dimensionMax: 8, kept: false }]);
    expect(saved).toEqual([book.all().map(({ kept, ...one }) => one)]);
    const calls = fakes[0]!.batches.length;
    book.offer(table);
    await settle();
    expect(fakes[0]!.batches).toHaveLength(calls);
    expect(book.times(randomTable(random, 2, 20))).toBeNull();
  });

  it('uses what an earlier run measured, unless that is too old', async () => {
    const { book, fakes, settle } = setUp((clock) => [calibration(clock)]);
    expect(book.times(table)).toMatchObject([{ name: 'native' }]);
    expect(book.all()).toMatchObject([{ kept: true }]);
    book.offer(table);
    await settle();
    expect(fakes[0]!.batches).toEqual([]);
    const old = setUp((clock) => [
      calibration(clock, { measuredAtMs: clock.epochMs() - limits.calibrationAgeMsMax - 1 }),
    ]);
    expect(old.book.times(table)).toBeNull();
    old.book.offer(table);
    await old.settle();
    expect(old.book.all()).toMatchObject([{ kept: false }]);
  });

  it('measures nothing where there is nothing to choose, or too little to measure on', async () => {
    const { book, fakes, settle } = setUp();
    book.offer(randomTable(random, limits.calibrationDocumentsMin - 1, 6));
    fakes[0]!.takesTables = false;
    book.offer(table);
    await settle();
    expect(fakes.flatMap(({ batches }) => batches)).toEqual([]);
    // It was not measured, so it is when it can be.
    fakes[0]!.takesTables = true;
    book.offer(table);
    await settle();
    expect(book.all()).toHaveLength(1);
  });

  it('goes by no measurement without the fallbacks, and repeats that one later', async () => {
    const { book, fakes, clock, settle, saved } = setUp();
    let ms = 700;
    fakes[1]!.behaviour = () => ({ kind: 'answers', ms });
    book.offer(table);
    await settle();
    expect([book.times(table), saved]).toEqual([null, []]);
    const calls = fakes[0]!.batches.length;
    ms = 2;
    book.offer(table);
    await settle();
    expect(fakes[0]!.batches).toHaveLength(calls);
    clock.advance(limits.calibrationRetryMs);
    book.offer(table);
    await settle();
    expect([book.times(table)!.length, saved.length]).toEqual([2, 1]);
  });

  it('gives a backend that refused the table another chance, and uses what it has until then', async () => {
    const { book, fakes, clock, settle, saved } = setUp(() => [], ['cuda', 'js']);
    fakes[0]!.behaviour = () => ({ kind: 'fails', error: new RangeError('its copy is on its way') });
    book.offer(table);
    await settle();
    expect([book.times(table)!.map(({ name }) => name), saved]).toEqual([['js'], []]);
    fakes[0]!.behaviour = () => ({ kind: 'answers', ms: 1 });
    clock.advance(limits.calibrationRetryMs);
    book.offer(table);
    await settle();
    expect(book.times(table)!.map(({ name }) => name)).toEqual(['cuda', 'js']);
    expect(saved).toHaveLength(1);
  });

  it('stops measuring when it is closed', async () => {
    const { book, clock, fakes } = setUp();
    book.offer(table);
    await clock.run(
      new Promise<void>((resolve) => {
        clock.after(limits.calibrationDelayMs + 5, () => resolve());
      }),
    );
    expect(fakes[0]!.batches.length).toBeGreaterThan(0);
    await clock.run(book.close());
    const calls = fakes[0]!.batches.length;
    clock.advance(limits.calibrationMsMax);
    await new Promise((resolve) => setImmediate(resolve));
    expect(fakes[0]!.batches).toHaveLength(calls);
    expect(book.all()).toEqual([]);
    book.offer(randomTable(random, limits.calibrationDocumentsMin, 20));
    expect(clock.waiting).toBe(0);
  });
});

describe('the file', () => {
  let folder: string;
  let warnings: string[];
  const open = (machine = 'a machine'): CalibrationFile =>
    new CalibrationFile({
      folder,
      machine,
      logger: { ...silentLogger, warn: (_fields, message) => void warnings.push(message) },
    });
  const content = [calibration(new FakeClock())];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'triptych-calibration-'));
    warnings = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('makes its folder where nothing else has', async () => {
    rmSync(folder, { recursive: true });
    await open().save(content);
    expect(await open().load()).toEqual(content);
    expect(warnings).toEqual([]);
  });

  it('keeps calibrations for the same machine, build and backends alone', async () => {
    expect(await open().load()).toEqual([]);
    await open().save([]);
    await open().save(content);
    expect(await open().load()).toEqual(content);
    expect(await open('another machine').load()).toEqual([]);
    expect([readdirSync(folder), warnings]).toEqual([['rerank-calibration.json'], []]);
  });

  it('ignores, with a warning, what is not such a file', async () => {
    await open().save(content);
    const good = readFileSync(open().path, 'utf8');
    const bad = [
      '',
      '[]',
      good.slice(0, -3),
      good.replace('"version":1', '"version":2'),
      good.replace('"us":[1,', '"us":['),
      good.replace('"us":[1,', '"us":[-1,'),
      good.replace('"native"', '"nothing"'),
      ' '.repeat(limits.calibrationFileBytesMax + 1),
    ];
    for (const text of bad) {
      writeFileSync(open().path, text);
      expect(await open().load(), text.slice(0, 80)).toEqual([]);
    }
    expect(warnings).toHaveLength(bad.length);
    await open().save(content);
    expect(await open().load()).toEqual(content);
  });

  it('says so where it cannot be written', async () => {
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'no folder');
    await expect(open().save(content)).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});
