import { describe, expect, it, type TestContext } from 'vitest';
import { compileMask } from '../../src/domain/mask-compiler.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import { type VectorTier, vectorTiers } from '../../src/domain/vector-rows.ts';
import { limits } from '../../src/limits.ts';
import type { Reranker } from '../../src/ports/reranker.ts';
import { expectExact, selectedRows } from '../support/expect-exact.ts';
import { expectSameWhenMoved } from '../support/expect-same-when-moved.ts';
import { Random } from '../support/random.ts';
import { permuted, randomCase, randomTable, rules, windowOf } from '../support/score-cases.ts';
import { splitTable } from '../support/split-table.ts';
import { makeTable, type TableRow } from '../support/table.ts';

const formulas = ['linear', 'multiplicative', 'rrf'] as const;
const dimensions = [1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 127, 300, 512, 769, 1024, 1536, 4096];

type Get = () => Promise<Reranker>;

/** The fixtures that every tier of vectors must pass; f32 is what every backend takes. */
export function tierTests(reranker: Get): void {
  for (const tier of vectorTiers) {
    describe(`tier ${tier}`, () => {
      const taking = (context: TestContext, table: TableSnapshot) => backendFor(reranker, context, table);
      scored(tier, taking);
      edges(tier, taking);
      moved(tier, taking);
    });
  }
}

type Taking = (context: TestContext, table: TableSnapshot) => Promise<Reranker>;

async function backendFor(reranker: Get, context: TestContext, table: TableSnapshot): Promise<Reranker> {
  const backend = await reranker();
  const { tier } = table.vectors;
  if (tier !== 'f32' && backend.supports?.(table) === false)
    context.skip(`${backend.name} does not take ${tier} tables`);
  return backend;
}

function scored(tier: VectorTier, taking: Taking): void {
  for (const dimension of dimensions) {
    it(`dimension ${dimension}`, async (context) => {
      const random = new Random(`${tier} ${dimension}`);
      const table = randomTable(random, 130, dimension, { tier });
      const backend = await taking(context, table);
      const cases = formulas.map((formula) =>
        randomCase(random, table, { formula, ruleCount: 1, rankDepth: 30 }),
      );
      await expectExact(backend, table, cases);
    });
  }

  it('near ties: rows that differ in the last digit that the tier has', async (context) => {
    const random = new Random(`${tier} near ties`);
    const table = nearTies(random, tier);
    const cases = (['linear', 'multiplicative'] as const).map((formula) => {
      const one = randomCase(random, table, { formula, rankDepth: 20 });
      return { ...one, window: windowOf(one.window.rows) };
    });
    await expectExact(await taking(context, table), table, cases);
  });

  it('duplicate rows, across the cut', async (context) => {
    const random = new Random(`${tier} duplicates`);
    const vectors = Array.from({ length: 3 }, () => random.unitVector(45));
    const rows = Array.from(
      { length: 240 },
      (_, i): TableRow => ({ id: `${random.integer(1e9)}-${i}`, vector: vectors[i % 3]! }),
    );
    const table = makeTable(45, rows, ['genres', 'tags'], tier);
    const one = randomCase(random, table, { rankDepth: 50 });
    await expectExact(await taking(context, table), table, [{ ...one, window: windowOf(one.window.rows) }]);
  });

  it('vectors of zeros among others, and nothing but zeros', async (context) => {
    const random = new Random(`${tier} zeros`);
    for (const zeros of [0.3, 1]) {
      const rows = Array.from(
        { length: 150 },
        (_, i): TableRow => ({
          id: `z${i}`,
          vector: random.next() < zeros ? new Float32Array(20) : random.unitVector(20),
        }),
      );
      const table = makeTable(20, rows, ['genres', 'tags'], tier);
      const cases = formulas.map((formula) => ({
        ...randomCase(random, table, { formula, rankDepth: 40 }),
      }));
      const queryVector = random.unitVector(20);
      const tasteVector = random.unitVector(20);
      const given = cases.map((one) => ({
        ...one,
        request: { ...one.request, queryVector, tasteVector },
      }));
      await expectExact(await taking(context, table), table, given);
    }
  });

  it('documents with hundreds of facet values', async (context) => {
    const random = new Random(`${tier} heavy`);
    const table = randomTable(random, 90, 24, { valuesMax: 700, tier });
    const cases = formulas.map((formula) => randomCase(random, table, { formula, rankDepth: 30 }));
    await expectExact(await taking(context, table), table, cases);
  });
}

/** 160 rows in groups of 8, whose scores are a few units in the last place of an f32 apart. */
function nearTies(random: Random, tier: VectorTier): TableSnapshot {
  const rows: TableRow[] = [];
  for (let group = 0; group < 20; group++) {
    const vector = random.unitVector(31);
    const smallest = vector.reduce((least, x, i) => (Math.abs(x) < Math.abs(vector[least]!) ? i : least), 0);
    for (let i = 0; i < 8; i++) {
      // f16: the last bit of the number that counts least. int8: the last bits of the scale.
      const near =
        tier === 'int8'
          ? vector.map((x) => x * (1 + i * 2 ** -23))
          : vector.map((x, at) => (at === smallest ? x * (1 + i * 2 ** (tier === 'f16' ? -10 : -23)) : x));
      rows.push({
        id: `n${random.integer(1e9)}-${rows.length}`,
        vector: near,
        popularity: 0.5,
        recencyMs: 0,
      });
    }
  }
  return makeTable(31, rows, ['genres', 'tags'], tier);
}

function edges(tier: VectorTier, taking: Taking): void {
  const random = new Random(`${tier} edges`);
  const table = randomTable(random, 70, 37, { tier });

  it('0 and 1 candidates, and more wanted than there are', async (context) => {
    const backend = await taking(context, table);
    for (const count of [0, 1, 2, 69, 70]) {
      const cases = [1, 30, 70, limits.rankDepthMax].map((rankDepth) =>
        randomCase(random, table, { count, rankDepth }),
      );
      await expectExact(backend, table, cases);
    }
    const empty = makeTable(37, [], ['genres', 'tags'], tier);
    await expectExact(backend, empty, [randomCase(random, empty)]);
  });

  it('rules that drop everything', async (context) => {
    const backend = await taking(context, table);
    const one = randomCase(random, table);
    const mask = compileMask([rules[0]!, { kind: 'ids', ids: [] }], table);
    const answer = await expectExact(backend, table, [
      { ...one, request: { ...one.request, mask } },
      randomCase(random, table),
    ]);
    expect(answer.selected[0]).toHaveLength(0);
    expect(answer.dropped[0]!.reduce((sum, count) => sum + count, 0)).toBe(70);
  });

  it('the order of the window, its length and its neighbours change no score', async (context) => {
    const backend = await taking(context, table);
    const one = randomCase(random, table, { rankDepth: 10 });
    const first = await expectExact(backend, table, [one]);
    const order = random.shuffle(Array.from(one.window.rows.keys()));
    const other = { ...one, window: permuted(one.window, order) };
    const neighbours = [3, 1, 67].map((count) => randomCase(random, table, { count }));
    const second = await expectExact(backend, table, [neighbours[0]!, other, ...neighbours.slice(1)]);
    expect(selectedRows(second, 1, other.window)).toEqual(selectedRows(first, 0, one.window));
  });
}

function moved(tier: VectorTier, taking: Taking): void {
  for (const dimension of [1, 9, 40, 512]) {
    it(`transient rows score as resident ones, dimension ${dimension}`, async (context) => {
      const random = new Random(`${tier} moved ${dimension}`);
      const table = randomTable(random, 110, dimension, { tier });
      const backend = await taking(context, table);
      for (const share of [0.4, 1]) {
        const split = splitTable(random, table, () => random.next() < share);
        const cases = formulas.map((formula) => ({
          ...randomCase(random, table, { formula, absent: 0.2, rankDepth: 30, count: 100 }),
          rules,
        }));
        await expectSameWhenMoved(backend, table, cases, split);
      }
    });
  }
}
