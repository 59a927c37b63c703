import { describe, expect, it } from 'vitest';
import type { BatchRows } from '../../src/domain/batch-rows.ts';
import { gram } from '../../src/domain/gram.ts';
import { compileMask } from '../../src/domain/mask-compiler.ts';
import { rescore } from '../../src/domain/rescore.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import { vectorTiers } from '../../src/domain/vector-rows.ts';
import type { ExactScorer } from '../../src/ports/exact-scorer.ts';
import { expectBits, expectSameRanked } from '../support/expect-bits.ts';
import { Random } from '../support/random.ts';
import { params, randomCase, randomTable, rules, type ScoreCase } from '../support/score-cases.ts';
import { oracle, oracleCosine, storedRow } from '../support/score-oracle.ts';
import { splitTable } from '../support/split-table.ts';

const formulas = ['linear', 'multiplicative', 'rrf'] as const;

type Get = () => Promise<ExactScorer>;

/** What every exact scorer must do: the bits of `domain`, whatever is asked. `create` is called once. */
export function exactScorerContract(name: string, create: () => ExactScorer | Promise<ExactScorer>): void {
  describe(`ExactScorer contract: ${name}`, () => {
    let made: Promise<ExactScorer> | null = null;
    const scorer: Get = () => {
      made ??= Promise.resolve(create());
      return made;
    };
    for (const tier of vectorTiers) describe(`tier ${tier}`, () => tierCases(scorer, tier));
    describe('selections', () => selections(scorer));
    describe('windows', () => windows(scorer));
  });
}

function everyPosition({ window }: ScoreCase): Uint32Array {
  return window.rows.map((_, position) => position);
}

/** Rescores the case and holds every number against the definition. */
function expectDefinition(
  scorer: ExactScorer,
  blocks: BatchRows,
  { request, window }: ScoreCase,
  selected: Uint32Array,
): void {
  const actual = scorer.rescore(blocks, request, window, selected);
  expectSameRanked(actual, rescore(blocks, request, window, selected));
}

function tierCases(scorer: Get, tier: (typeof vectorTiers)[number]): void {
  it('has the bits of the definition in 1 to 512 dimensions', async () => {
    const random = new Random(`exact ${tier}`);
    for (let dimension = 1; dimension <= 512; dimension++) {
      const table = randomTable(random, 6, dimension, { tier, valuesMax: 3 });
      const blocks = { table, transient: null };
      const one = randomCase(random, table, { formula: formulas[dimension % 3]! });
      expectDefinition(await scorer(), blocks, one, everyPosition(one));
      expectBits((await scorer()).gram(blocks, one.window.rows), gram(blocks, one.window.rows), 'gram');
    }
  });

  for (const formula of formulas) {
    it(`ranks as the oracle: ${formula}`, async () => {
      const random = new Random(`exact ${tier} ${formula}`);
      const table = randomTable(random, 200, 37, { tier });
      const { request, window } = randomCase(random, table, { formula, rankDepth: 60 });
      const selected = Uint32Array.from(random.shuffle([...window.rows.keys()]));
      const ranked = (await scorer()).rescore({ table, transient: null }, request, window, selected);
      const top = oracle(table, request, window).ranked.slice(0, 60);
      expect(Array.from(ranked.positions, (position) => window.rows[position])).toEqual(
        top.map(({ row }) => row),
      );
      expectBits(
        ranked.scores,
        top.map(({ score }) => score),
        'scores',
      );
    });
  }

  it('gives the cosines of the oracle', async () => {
    const random = new Random(`gram ${tier}`);
    const table = randomTable(random, 30, 45, { tier });
    const rows = Uint32Array.from(random.shuffle([...Array(30).keys()]));
    const expected: number[] = [];
    for (let i = 0; i < rows.length; i++) {
      const { stored, scale } = storedRow(table, rows[i]!);
      const wide = stored.map((component) => scale * component);
      for (let j = i + 1; j < rows.length; j++) expected.push(oracleCosine(table, rows[j]!, wide));
    }
    expectBits((await scorer()).gram({ table, transient: null }, rows), expected, 'gram');
  });

  it('reads transient rows as it reads resident ones', async () => {
    const random = new Random(`exact transient ${tier}`);
    for (const dimension of [1, 5, 16, 33, 512]) {
      const table = randomTable(random, 60, dimension, { tier });
      for (const share of [0, 0.3, 1]) {
        const split = splitTable(random, table, () => random.next() < share);
        const before = randomCase(random, table, { formula: formulas[dimension % 3]!, absent: 0.1 });
        const rows = before.window.rows.map((row) => split.numbers[row]!);
        const moved = { ...before, window: { ...before.window, rows } };
        const selected = everyPosition(moved);
        expectDefinition(await scorer(), split.blocks, moved, selected);
        const actual = (await scorer()).rescore(split.blocks, moved.request, moved.window, selected);
        const resident = { table, transient: null };
        expectSameRanked(actual, rescore(resident, before.request, before.window, selected));
        expectBits((await scorer()).gram(split.blocks, rows), gram(resident, before.window.rows), 'gram');
      }
    }
  });
}

/** `table` with a request of which each part may be absent. */
function cases(random: Random, table: TableSnapshot, count: number): ScoreCase[] {
  return Array.from({ length: count }, (_, i) =>
    randomCase(random, table, { formula: formulas[i % 3]!, absent: i % 5 === 0 ? 1 : 0.4 }),
  );
}

function selections(scorer: Get): void {
  const random = new Random('exact selections');
  const table = randomTable(random, 140, 24);
  const blocks = { table, transient: null };

  it('of none, one, and as many as there are, at every depth', async () => {
    for (const one of cases(random, table, 12)) {
      for (const rankDepth of [0, 1, 7, 140, 1000]) {
        const request = { ...one.request, params: { ...one.request.params, rankDepth } };
        for (const count of [0, 1, 2, 3, 50, 140]) {
          const selected = Uint32Array.from(random.shuffle([...Array(140).keys()]).slice(0, count));
          expectDefinition(await scorer(), blocks, { ...one, request }, selected);
        }
      }
    }
  });

  it('of rows beyond R, as pinned ones are', async () => {
    const one = randomCase(random, table, { rankDepth: 20 });
    const backend = await scorer();
    const best = backend.rescore(blocks, one.request, one.window, everyPosition(one));
    expect(best.count).toBe(20);
    const beyond = everyPosition(one).filter((position) => !best.positions.includes(position));
    const deeper = { ...one.request, params: { ...one.request.params, rankDepth: beyond.length } };
    expectDefinition(backend, blocks, { ...one, request: deeper }, beyond);
    const rest = backend.rescore(blocks, deeper, one.window, beyond);
    expect(rest.count).toBe(120);
    expect(rest.scores[0]).toBeLessThanOrEqual(best.scores[19]!);
  });

  it('however its rows and those before them were called for: answers stay as they were', async () => {
    const backend = await scorer();
    const [first, second] = [randomCase(random, table), randomCase(random, table)];
    const answer = backend.rescore(blocks, first.request, first.window, everyPosition(first));
    const cosines = backend.gram(blocks, first.window.rows);
    const copy = structuredClone({ answer, cosines });
    backend.rescore(blocks, second.request, second.window, everyPosition(second));
    backend.gram(blocks, second.window.rows);
    expectSameRanked(answer, copy.answer);
    expectBits(cosines, copy.cosines, 'gram');
  });

  it('of pairs: none, one, a document with itself', async () => {
    const backend = await scorer();
    for (const rows of [[], [5], [5, 9], [5, 5, 9], [...Array(140).keys()]]) {
      const numbers = Uint32Array.from(rows);
      expectBits(backend.gram(blocks, numbers), gram(blocks, numbers), `gram of ${rows.length}`);
    }
  });
}

function windows(scorer: Get): void {
  it('with parts that are absent, rules, and hundreds of facet values', async () => {
    const random = new Random('exact windows');
    for (const valuesMax of [1, 12, 600]) {
      const table = randomTable(random, 90, 20, { valuesMax });
      const blocks = { table, transient: null };
      for (const one of cases(random, table, 15))
        expectDefinition(await scorer(), blocks, one, everyPosition(one));
      const masked = randomCase(random, table);
      // A selection has passed the mask already: it is not looked at again.
      const mask = compileMask(rules, table);
      const request = { ...masked.request, mask };
      expectDefinition(await scorer(), blocks, { ...masked, request }, everyPosition(masked));
    }
  });

  it('whose numbers are not finite, out of range, or ages of nothing', async () => {
    const random = new Random('exact odd');
    const table = randomTable(random, 40, 12);
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 2, -3, 1e-40];
    const strange = <T extends Float32Array | Float64Array>(column: T): T =>
      column.map((value, i) => (i % 3 === 0 ? odd[(i / 3) % odd.length]! : value)) as T;
    const changed = { ...table, popularity: strange(table.popularity), recencyMs: strange(table.recencyMs) };
    for (const [i, one] of cases(random, table, 9).entries()) {
      const { window } = one;
      const columns = { lexical: strange(window.lexical), rules: strange(window.rules) };
      const referenceMs = [0, Number.NaN, 1e12][i % 3]!;
      const request = { ...one.request, params: params({ ...one.request.params, referenceMs, lo: -0.2 }) };
      const strangeCase = { request, window: { ...window, ...columns } };
      const blocks = { table: changed, transient: null };
      expectDefinition(await scorer(), blocks, strangeCase, everyPosition(strangeCase));
    }
  });
}
