import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BackendName, backendNames } from '../../src/domain/backend-name.ts';
import {
  type BackendTimes,
  calibrationBatches,
  calibrationCells,
  calibrationWindows,
  dimensionMaxOf,
  expectedUs,
  fastestOf,
  tieShare,
  tieUs,
} from '../../src/domain/calibration.ts';

const times = (name: BackendName, us: readonly number[]): BackendTimes => ({ name, variant: '', us });

/** As slow as a fixed start plus so much for each candidate. */
const linear = (name: BackendName, startUs: number, rowUs: number): BackendTimes =>
  times(
    name,
    calibrationCells.map(({ rows, requests }) => startUs + rowUs * rows * requests),
  );

const backends = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom(...backendNames),
    variant: fc.constant(''),
    us: fc.array(fc.double({ min: 0.1, max: 1e6, noNaN: true }), {
      minLength: calibrationCells.length,
      maxLength: calibrationCells.length,
    }),
  }),
  { selector: ({ name }) => name, minLength: 1 },
);

describe('expected times', () => {
  it('are the measured ones in the cells', () => {
    fc.assert(
      fc.property(backends, fc.nat({ max: calibrationCells.length - 1 }), ([backend], cell) => {
        const { rows, requests } = calibrationCells[cell]!;
        expect(expectedUs(backend!, rows, requests) / backend!.us[cell]!).toBeCloseTo(1, 9);
      }),
    );
  });

  it('lie between those of the cells around, and beyond the last cell are those of the nearest', () => {
    fc.assert(
      fc.property(
        backends,
        fc.integer({ min: 1, max: 3_000 }),
        fc.integer({ min: 1, max: 64 }),
        (all, rows, requests) => {
          const inside = (value: number, values: readonly number[]): number[] => {
            const next = values.findIndex((one) => one >= value);
            if (next === -1) return [values.length - 1];
            return values[next] === value || next === 0 ? [next] : [next - 1, next];
          };
          const around = inside(rows, calibrationWindows).flatMap((row) =>
            inside(requests, calibrationBatches).map(
              (column) => all[0]!.us[row * calibrationBatches.length + column]!,
            ),
          );
          const us = expectedUs(all[0]!, rows, requests);
          expect(us).toBeGreaterThanOrEqual(Math.min(...around) * (1 - 1e-9));
          expect(us).toBeLessThanOrEqual(Math.max(...around) * (1 + 1e-9));
        },
      ),
    );
  });

  it('are exact for a backend with a start and a price for each candidate', () => {
    for (const [startUs, rowUs] of [
      [2, 0.05],
      [60, 0.01],
      [5_000, 0.02],
    ] as const) {
      const backend = linear('native', startUs, rowUs);
      for (const rows of [30, 45, 70, 200, 550, 1_000])
        for (const requests of [1, 2, 5, 16, 32]) {
          const ratio = expectedUs(backend, rows, requests) / (startUs + rowUs * rows * requests);
          expect(ratio).toBeCloseTo(1, 9);
        }
    }
  });
});

describe('the choice', () => {
  it('is never slower than the fastest by more than a tie, whatever was measured', () => {
    fc.assert(
      fc.property(
        backends,
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: 1, max: 32 }),
        (all, rows, requests) => {
          const chosen = all.find(({ name }) => name === fastestOf(all, rows, requests))!;
          const best = Math.min(...all.map((one) => expectedUs(one, rows, requests)));
          const took = expectedUs(chosen, rows, requests);
          expect(took).toBeLessThanOrEqual(Math.max(best * (1 + tieShare), best + tieUs));
          // The aim: within 1.25 of the best wherever that takes more than 50 us.
          if (best > 50) expect(took).toBeLessThan(1.25 * best);
        },
      ),
    );
  });

  it('goes by the fixed order where several are equally fast, in whatever order they are given', () => {
    const equal = backendNames.map((name, i) => linear(name, 100 - i, 0));
    for (let from = 0; from < equal.length; from++) {
      expect(fastestOf(equal.slice(from), 300, 8)).toBe(backendNames[from]);
      expect(fastestOf(equal.slice(from).toReversed(), 300, 8)).toBe(backendNames[from]);
    }
    expect(fastestOf([linear('cuda', 120, 0), linear('native', 100, 0)], 300, 8)).toBe('native');
    expect(fastestOf([linear('native', 4, 0), linear('js', 2, 0)], 30, 1)).toBe('native');
    expect(fastestOf([linear('native', 9, 0), linear('js', 2, 0)], 30, 1)).toBe('js');
  });

  it('changes once with the size, where the faster start loses to the faster candidate', () => {
    const [native, cuda] = [linear('native', 2, 0.05), linear('cuda', 60, 0.005)];
    const chosen = [1, 30, 100, 300, 1_000].map((rows) => fastestOf([native, cuda], rows, 8));
    expect(chosen).toEqual(['native', 'native', 'native', 'cuda', 'cuda']);
    expect(fastestOf([native, cuda], 300, 1)).toBe('native');
    expect(fastestOf([], 300, 1)).toBeNull();
  });
});

it('shares calibrations among dimensions up to a power of two', () => {
  expect([1, 2, 3, 384, 512, 513, 4_096].map(dimensionMaxOf)).toEqual([1, 2, 4, 512, 512, 1_024, 4_096]);
});
