import { expect, it } from 'vitest';
import type { CudaParts } from '../../src/adapters/cuda/open-cuda.ts';
import { JsRowScanner } from '../../src/adapters/js/js-row-scanner.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import type { RowScan, RowScanner } from '../../src/ports/row-scanner.ts';
import { Random } from './random.ts';
import { randomTable } from './score-cases.ts';

/** Counts what it is asked. */
class CountedScanner implements RowScanner {
  readonly name = 'js';
  readonly #scanner = new JsRowScanner();
  calls = 0;

  scan(scan: RowScan): ReturnType<RowScanner['scan']> {
    this.calls++;
    return this.#scanner.scan(scan);
  }
}

function scanOf(snapshot: TableSnapshot, random: Random, limit: number): RowScan {
  const vectors = Array.from({ length: 9 }, () => random.unitVector(snapshot.dimension));
  const mask = Uint8Array.from({ length: snapshot.rowCount }, () => (random.next() < 0.7 ? 1 : 0));
  return { snapshot, vectors, mask, limit, signal: new AbortController().signal };
}

/**
 * Row scans of a device, once it has the table, have the hits of the other scanner.
 * @param again opens the same device once more
 */
export function deviceScanTests(
  parts: CudaParts,
  again: () => Promise<CudaParts | { readonly reason: string }>,
): void {
  it.each([
    ['f32', 1],
    ['f32', 400],
    ['f16', 20],
    ['int8', 20],
  ] as const)('give the hits of the other scanner, bit for bit: %s, limit %i', async (tier, limit) => {
    const random = new Random(`scan ${tier} ${limit}`);
    const table = randomTable(random, 300, 20, { tier });
    const other = new CountedScanner();
    const scanner = parts.rowScanner(other, 0);
    const scan = scanOf(table, random, limit);
    const expected = await new JsRowScanner().scan(scan);
    // The first one finds no copy of the table: the other scanner answers.
    expect(await scanner.scan(scan)).toEqual(expected);
    expect(other.calls).toBe(1);
    await parts.settled();
    expect(await scanner.scan(scan)).toEqual(expected);
    expect(other.calls).toBe(1);
  });

  it('leave small tables to the other scanner', async () => {
    const random = new Random('small scan');
    const other = new CountedScanner();
    const scanner = parts.rowScanner(other);
    const scan = scanOf(randomTable(random, 300, 20), random, 5);
    await scanner.scan(scan);
    await parts.settled();
    await scanner.scan(scan);
    expect(other.calls).toBe(2);
  });

  it('read their own tables where the device was opened twice', async () => {
    const second = await again();
    if ('reason' in second) throw new Error(second.reason);
    const random = new Random('two openings');
    for (let i = 0; i < 3; i++) {
      const scans = [parts, second].map((one) => {
        const scan = scanOf(randomTable(random, 200, 20), random, 10);
        return { one, scan, other: new CountedScanner() };
      });
      for (const { one, scan, other } of scans) await one.rowScanner(other, 0).scan(scan);
      for (const { one } of scans) await one.settled();
      for (const { one, scan, other } of scans) {
        expect(await one.rowScanner(other, 0).scan(scan)).toEqual(await new JsRowScanner().scan(scan));
        expect(other.calls).toBe(1);
      }
    }
    await second.reranker.close?.();
  });
}
