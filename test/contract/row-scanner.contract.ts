import { describe, expect, it } from 'vitest';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import { type VectorTier, vectorTiers } from '../../src/domain/vector-rows.ts';
import type { RowScan, RowScanner } from '../../src/ports/row-scanner.ts';
import { Random } from '../support/random.ts';
import { oracleCosine } from '../support/score-oracle.ts';
import { makeTable } from '../support/table.ts';

type Get = () => Promise<RowScanner>;
const { signal } = new AbortController();

/** What every row scanner must do: the order and the bits of a plain sort. `create` is called once. */
export function rowScannerContract(name: string, create: () => RowScanner | Promise<RowScanner>): void {
  describe(`RowScanner contract: ${name}`, () => {
    let made: Promise<RowScanner> | null = null;
    const scanner: Get = () => {
      made ??= Promise.resolve(create());
      return made;
    };
    for (const tier of vectorTiers) describe(`tier ${tier}`, () => tierScans(scanner, tier));
    describe('edges', () => edges(scanner));
    describe('an abort', () => aborts(scanner));
  });
}

/** Every masked row scored and sorted. */
function naive({ snapshot, vectors, mask, limit }: Omit<RowScan, 'signal'>) {
  const rows = Array.from({ length: snapshot.rowCount }, (_, row) => row).filter((row) => mask[row] !== 0);
  return vectors.map((vector) =>
    rows
      .map((row) => ({ row, score: oracleCosine(snapshot, row, vector) }))
      .sort((a, b) => b.score - a.score || snapshot.tieRanks[a.row]! - snapshot.tieRanks[b.row]!)
      .slice(0, limit),
  );
}

async function expectNaive(scanner: Get, scan: Omit<RowScan, 'signal'>): Promise<void> {
  const actual = await (await scanner()).scan({ ...scan, signal });
  expect(actual.map((list) => list.map(({ row, score }) => ({ row, score })))).toEqual(naive(scan));
}

/** Random rows; with `distinct` fewer than `count`, many of them are equal. */
function scanTable(
  random: Random,
  count: number,
  dimension: number,
  { tier = 'f32', distinct = count }: { readonly tier?: VectorTier; readonly distinct?: number } = {},
): TableSnapshot {
  const vectors = Array.from({ length: distinct }, () => random.unitVector(dimension));
  const rows = Array.from({ length: count }, (_, i) => ({
    id: `${random.integer(1e9)}-${i}`,
    vector: vectors[i % distinct]!,
  }));
  return makeTable(dimension, rows, [], tier);
}

function everyRow({ rowCount }: TableSnapshot): Uint8Array {
  return new Uint8Array(rowCount).fill(1);
}

function tierScans(scanner: Get, tier: VectorTier): void {
  it('finds what a plain sort finds, for any dimension, mask and number of vectors', async () => {
    const random = new Random(`scan ${tier}`);
    for (const dimension of [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 100, 255, 384, 512, 1000]) {
      const snapshot = scanTable(random, 100 + random.integer(70), dimension, { tier });
      for (const [vectorCount, share] of [
        [1, 1],
        [5, 0.05],
        [9, 0.5],
      ] as const) {
        const vectors = Array.from({ length: vectorCount }, () => random.unitVector(dimension));
        const mask = Uint8Array.from({ length: snapshot.rowCount }, () => (random.next() < share ? 1 : 0));
        await expectNaive(scanner, { snapshot, vectors, mask, limit: 1 + random.integer(60) });
      }
    }
  });

  it('breaks ties by tie rank, across the cut too', async () => {
    const random = new Random(`scan ties ${tier}`);
    const snapshot = scanTable(random, 300, 24, { tier, distinct: 4 });
    const vectors = [random.unitVector(24), random.unitVector(24)];
    for (const limit of [1, 70, 76, 200, 299])
      await expectNaive(scanner, { snapshot, vectors, mask: everyRow(snapshot), limit });
  });
}

function edges(scanner: Get): void {
  const random = new Random('scan edges');
  const snapshot = scanTable(random, 90, 21);
  const vectors = Array.from({ length: 3 }, () => random.unitVector(21));

  it('every number of rows up to 90, as the last tile is cut', async () => {
    for (let count = 1; count <= 90; count++) {
      const mask = Uint8Array.from({ length: 90 }, (_, row) => (row < count ? 1 : 0));
      await expectNaive(scanner, { snapshot, vectors, mask, limit: 10 });
    }
  });

  it('limits of nothing, of more than the mask keeps, and of more than there are', async () => {
    const mask = Uint8Array.from({ length: 90 }, (_, row) => (row % 7 === 0 ? 1 : 0));
    for (const limit of [0, 1, 13, 14, 89, 90, 5000])
      await expectNaive(scanner, { snapshot, vectors, mask, limit });
  });

  it('a mask that keeps nothing, an empty table, any mask byte but 0', async () => {
    await expectNaive(scanner, { snapshot, vectors, mask: new Uint8Array(90), limit: 5 });
    await expectNaive(scanner, { snapshot, vectors, mask: new Uint8Array(90).fill(255), limit: 5 });
    const empty = scanTable(random, 0, 21);
    await expectNaive(scanner, { snapshot: empty, vectors, mask: everyRow(empty), limit: 5 });
  });

  it('rows and vectors of zeros, and vectors that point away', async () => {
    const zero = new Float32Array(21);
    const rows = [zero, vectors[0]!, zero, vectors[1]!].map((vector, i) => ({ id: `z${i}`, vector }));
    const table = makeTable(21, rows);
    const away = vectors[0]!.map((x) => -x);
    await expectNaive(scanner, { snapshot: table, vectors: [zero, away], mask: everyRow(table), limit: 3 });
  });

  it('scans that run at the same time', async () => {
    const tables = [3, 40, 129].map((dimension) => scanTable(random, 200, dimension));
    await Promise.all(
      tables.map((table) => {
        const own = [random.unitVector(table.dimension), random.unitVector(table.dimension)];
        return expectNaive(scanner, { snapshot: table, vectors: own, mask: everyRow(table), limit: 30 });
      }),
    );
  });
}

function aborts(scanner: Get): void {
  it('before the scan refuses it, one while it runs ends it or comes too late', async () => {
    const random = new Random('scan aborts');
    const snapshot = scanTable(random, 4_000, 256, { distinct: 16 });
    const scan = { snapshot, vectors: [random.unitVector(256)], mask: everyRow(snapshot), limit: 20 };
    const late = new Error('late');
    await expect((await scanner()).scan({ ...scan, signal: AbortSignal.abort(late) })).rejects.toBe(late);
    const abort = new AbortController();
    const running = (await scanner()).scan({ ...scan, signal: abort.signal });
    abort.abort(late);
    const outcome: unknown = await running.catch((error: unknown) => error);
    if (outcome !== late) expect(outcome).toEqual(naive(scan));
    await expectNaive(scanner, scan);
  });
}
