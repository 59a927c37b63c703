import { describe, expect, it } from 'vitest';
import { compileMask } from '../../src/domain/mask-compiler.ts';
import type { Predicate } from '../../src/domain/predicate.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import type { Reranker } from '../../src/ports/reranker.ts';
import { denseCases } from '../support/dense-cases.ts';
import { expectExact, selectedRows } from '../support/expect-exact.ts';
import { expectSameWhenMoved, type RuledCase } from '../support/expect-same-when-moved.ts';
import { Random } from '../support/random.ts';
import {
  mixed,
  params,
  permuted,
  randomCase,
  randomPreferences,
  randomTable,
  request,
  rules,
  weightsOf,
  windowOf,
} from '../support/score-cases.ts';
import { splitTable } from '../support/split-table.ts';
import { makeTable, type TableRow } from '../support/table.ts';
import { refusalTests, signalTests } from './reranker-refusals.ts';
import { tierTests } from './reranker-tiers.ts';

const formulas = ['linear', 'multiplicative', 'rrf'] as const;

/** What every scoring backend must do. `create` is called once. */
export function rerankerContract(name: string, create: () => Reranker | Promise<Reranker>): void {
  describe(`Reranker contract: ${name}`, () => {
    let made: Promise<Reranker> | null = null;
    const reranker = (): Promise<Reranker> => {
      made ??= Promise.resolve(create());
      return made;
    };
    describe('ranks as the oracle', () => exactness(reranker));
    describe('edges', () => edges(reranker));
    describe('independence', () => independence(reranker));
    describe('transient rows', () => transientRows(reranker));
    describe('refuses', () => refusalTests(reranker));
    tierTests(reranker);
    describe('a signal', () => signalTests(reranker));
  });
}

type Get = () => Promise<Reranker>;

function exactness(reranker: Get): void {
  for (const dimension of [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 127, 255, 384, 512]) {
    it(`dimension ${dimension}`, async () => {
      const random = new Random(`dimension ${dimension}`);
      const table = randomTable(random, 180, dimension);
      const cases = formulas.map((formula) =>
        randomCase(random, table, { formula, ruleCount: 1, rankDepth: 40 }),
      );
      await expectExact(await reranker(), table, cases);
    });
  }

  it('1,000 candidates, every formula, with and without rules', async () => {
    const random = new Random('large');
    const table = randomTable(random, 1000, 96);
    const cases = formulas.flatMap((formula) =>
      [0, 3].map((ruleCount) => randomCase(random, table, { formula, ruleCount })),
    );
    await expectExact(await reranker(), table, cases);
  });

  it('parts that are absent', async () => {
    const random = new Random('absent');
    const table = randomTable(random, 150, 24);
    const cases = Array.from({ length: 24 }, (_, i) =>
      randomCase(random, table, { absent: i === 0 ? 1 : 0.5, rankDepth: 30 }),
    );
    await expectExact(await reranker(), table, cases);
  });

  it('near ties, a few units in the last place apart', async () => {
    const random = new Random('near ties');
    const table = nearTies(random);
    const cases = (['linear', 'multiplicative'] as const).map((formula) => {
      const one = randomCase(random, table, { formula, rankDepth: 20 });
      // Without columns, so that only the nearly equal vectors decide.
      return { ...one, window: windowOf(one.window.rows) };
    });
    await expectExact(await reranker(), table, cases);
  });

  it('equal documents: the tie rank decides, also across the cut', async () => {
    const random = new Random('equal');
    const vector = random.unitVector(37);
    const rows = Array.from(
      { length: 300 },
      (_, i): TableRow => ({ id: `e${random.integer(1e9)}-${i}`, vector }),
    );
    const table = makeTable(37, rows);
    const one = request({ queryVector: mixed(random, vector, 0.5) });
    await expectExact(await reranker(), table, [
      { request: one, window: windowOf(shuffledRows(random, table)) },
    ]);
  });

  it('facets with hundreds of values a document', async () => {
    const random = new Random('heavy');
    const table = randomTable(random, 120, 8, { valuesMax: 1000 });
    const cases = formulas.map((formula) => ({
      ...randomCase(random, table, { formula, rankDepth: 50 }),
    }));
    await expectExact(await reranker(), table, cases);
  });

  it('facet weights that push the product out of its clamp on both sides', async () => {
    const random = new Random('clamp');
    const table = randomTable(random, 100, 8);
    const cases = [0.1, 1, 5].map((weight) => ({
      window: windowOf(shuffledRows(random, table)),
      request: request({
        queryVector: random.unitVector(8),
        preferences: {
          values: randomPreferences(random, table).values,
          facetWeights: new Map([['tags', weight]]),
        },
        params: params({ formula: 'multiplicative', lo: -1, rankDepth: 60 }),
      }),
    }));
    await expectExact(await reranker(), table, cases);
  });

  for (const one of denseCases(new Random('dense'))) {
    it(`scores a millionth apart: ${one.name}`, async () => {
      await expectExact(await reranker(), one.table, [one]);
    });
  }
}

/** 160 rows in groups of 8 that differ by one unit in the last place of one component. */
function nearTies(random: Random): TableSnapshot {
  const rows: TableRow[] = [];
  const bits = new Uint32Array(1);
  const float = new Float32Array(bits.buffer);
  for (let group = 0; group < 20; group++) {
    const vector = random.unitVector(31);
    for (let i = 0; i < 8; i++) {
      const near = vector.slice();
      float[0] = near[i]!;
      bits[0]! += 1;
      near[i] = float[0];
      rows.push({
        id: `n${random.integer(1e9)}-${rows.length}`,
        vector: near,
        popularity: 0.5,
        recencyMs: 0,
      });
    }
  }
  return makeTable(31, rows);
}

function shuffledRows(random: Random, table: TableSnapshot): number[] {
  return random.shuffle(Array.from({ length: table.rowCount }, (_, row) => row));
}

function edges(reranker: Get): void {
  const random = new Random('edges');
  const table = randomTable(random, 67, 19);

  it('an empty batch, an empty table and empty windows', async () => {
    await expectExact(await reranker(), table, []);
    const nothing = makeTable(19, []);
    await expectExact(await reranker(), nothing, [{ request: request(), window: windowOf([]) }]);
    const full = randomCase(random, table, { ruleCount: 2 });
    const empty = { ...full, window: windowOf([]) };
    await expectExact(await reranker(), table, [empty, full, empty, empty, full, empty]);
  });

  it('1 to 67 candidates, more and fewer than R', async () => {
    for (let count = 1; count <= 67; count++) {
      const cases = [1, 10, 100].map((rankDepth) =>
        randomCase(random, table, { count, rankDepth, ruleCount: 1 }),
      );
      await expectExact(await reranker(), table, cases);
    }
  });

  it('rules that drop everything, and only the first failing rule counts', async () => {
    const one = randomCase(random, table);
    const impossible = { kind: 'ids', ids: [] } as const;
    const mask = compileMask([{ kind: 'not', of: impossible }, impossible, impossible], table);
    const answer = await expectExact(await reranker(), table, [
      { ...one, request: { ...one.request, mask } },
    ]);
    expect(Array.from(answer.dropped[0]!)).toEqual([0, 67, 0]);
    expect(answer.selected[0]).toHaveLength(0);
  });

  it('weights of zero: every score is 0 and the tie rank orders', async () => {
    const one = randomCase(random, table, { formula: 'linear', rankDepth: 5 });
    const zero = params({ weights: weightsOf({}), rankDepth: 5 });
    await expectExact(await reranker(), table, [{ ...one, request: { ...one.request, params: zero } }]);
  });

  it('scores below 0, equal in groups: still descending, then by tie rank', async () => {
    const rows = shuffledRows(random, table);
    for (const formula of formulas) {
      const buried = rows.map((row) => (row % 3 === 0 ? -0.5 : -0.25));
      const one = request({ params: params({ formula, weights: weightsOf({ rules: 1 }), rankDepth: 30 }) });
      const answer = await expectExact(await reranker(), table, [
        { request: one, window: windowOf(rows, { rules: buried }) },
      ]);
      expect(answer.selected[0]).toHaveLength(62);
    }
  });

  it('one document twice in a window', async () => {
    const one = request({ queryVector: random.unitVector(19), params: params({ rankDepth: 4 }) });
    await expectExact(await reranker(), table, [{ request: one, window: windowOf([5, 9, 5, 30, 9, 1]) }]);
  });
}

function independence(reranker: Get): void {
  it('the order of the window', async () => {
    const random = new Random('permutation');
    const table = randomTable(random, 300, 48);
    for (const formula of formulas) {
      const one = randomCase(random, table, { formula, ruleCount: 1, rankDepth: 60 });
      const order = random.shuffle(Array.from(one.window.rows.keys()));
      const other = { ...one, window: permuted(one.window, order) };
      const backend = await reranker();
      const first = await expectExact(backend, table, [one]);
      const second = await expectExact(backend, table, [other]);
      expect(selectedRows(second, 0, other.window)).toEqual(selectedRows(first, 0, one.window));
    }
  });

  it('the other requests of a batch', async () => {
    const random = new Random('neighbours');
    const table = randomTable(random, 250, 40);
    const cases = Array.from({ length: 9 }, (_, i) =>
      randomCase(random, table, { count: 1 + 31 * i, ruleCount: i % 4, absent: 0.3, rankDepth: 50 }),
    );
    const backend = await reranker();
    const together = await expectExact(backend, table, cases);
    for (const [i, one] of cases.entries()) {
      const alone = await expectExact(backend, table, [one]);
      expect(selectedRows(together, i, one.window)).toEqual(selectedRows(alone, 0, one.window));
    }
  });

  it('batches that are in flight at the same time', async () => {
    const random = new Random('in flight');
    const backend = await reranker();
    await Promise.all(
      [8, 64, 17].map(async (dimension) => {
        const table = randomTable(random, 90, dimension);
        await expectExact(backend, table, [randomCase(random, table), randomCase(random, table)]);
      }),
    );
  });
}

/** What moves out of the table in each round; the last two move everything and nothing. */
const shares = [0.5, 0.02, 0.98, 1, 0];

function transientRows(reranker: Get): void {
  for (const dimension of [1, 7, 64, 512]) {
    it(`score as the same documents do when resident, dimension ${dimension}`, async () => {
      const random = new Random(`transient ${dimension}`);
      const table = randomTable(random, 160, dimension);
      for (const share of shares) {
        const split = splitTable(random, table, () => random.next() < share);
        const cases = formulas.flatMap((formula) =>
          [rules, idRules(random, table), []].map(
            (some): RuledCase => ({
              ...randomCase(random, table, { formula, absent: 0.2, rankDepth: 40, count: 150 }),
              rules: some,
            }),
          ),
        );
        await expectSameWhenMoved(await reranker(), table, cases, split);
      }
    });
  }

  it('and rank by the tie rank among equal resident ones', async () => {
    const random = new Random('transient ties');
    const vector = random.unitVector(9);
    const rows = Array.from({ length: 200 }, (_, i): TableRow => ({ id: `e${i}`, vector }));
    const table = makeTable(9, rows);
    const one = { request: request({ queryVector: vector }), window: windowOf(shuffledRows(random, table)) };
    const split = splitTable(random, table, (row) => row % 2 === 0);
    await expectSameWhenMoved(await reranker(), table, [{ ...one, rules: [] }], split);
  });

  for (const one of denseCases(new Random('dense transient'))) {
    it(`score a millionth apart: ${one.name}`, async () => {
      const random = new Random(`dense transient ${one.name}`);
      const split = splitTable(random, one.table, () => random.next() < 0.5);
      await expectSameWhenMoved(await reranker(), one.table, [{ ...one, rules: [] }], split);
    });
  }
}

/** Rules by id and by keyword, over documents that may be in either block, and over unknown ones. */
function idRules(random: Random, table: TableSnapshot): Predicate[] {
  const someIds = (share: number): string[] => [
    'unknown',
    ...Array.from({ length: table.rowCount }, (_, row) => table.idOf(row)).filter(
      () => random.next() < share,
    ),
  ];
  return [
    { kind: 'ids', ids: someIds(0.9) },
    { kind: 'not', of: { kind: 'ids', ids: someIds(0.1) } },
    { kind: 'or', of: [{ kind: 'in', field: 'language', values: ['fr', 'ja'] }, rules[0]!] },
    { kind: 'range', field: 'released', gte: Date.UTC(1975, 0, 1) },
  ];
}
