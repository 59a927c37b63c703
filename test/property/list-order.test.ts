import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listPushes } from '../../src/domain/list-explain.ts';
import { orderList } from '../../src/domain/list-order.ts';
import { isOfPolicy, type ListRule, type SourcedRule } from '../../src/domain/rule.ts';
import {
  contestedCases,
  inPrecedence,
  type ListCase,
  listItems,
  rulesOf,
  smallCases,
} from '../support/list-cases.ts';
import {
  bestOrder,
  breachesOf,
  costOf,
  depthOf,
  type PlainItem,
  type PlainWarning,
  pinsLaidOut,
} from '../support/list-order-reference.ts';
import { Random } from '../support/random.ts';

function ordered({ items, rules }: ListCase): { order: PlainItem[]; warnings: PlainWarning[] } {
  const list = listItems(items);
  const { order, warnings } = orderList(list.items, rules, list.codes);
  return {
    order: Array.from(order, (index) => items[index]!),
    warnings: warnings.map(({ message: _, ...rest }) => rest as PlainWarning),
  };
}

/** Where the pins stand that were not dropped. */
function pinsOf({ items, rules }: ListCase, warnings: readonly PlainWarning[]) {
  const dropped = warnings.flatMap(({ code, rule }) => (code === 'pin_dropped' ? [rule] : []));
  const held = rules.filter((rule) => !dropped.includes(rule));
  return pinsLaidOut(items, rules, held).places;
}

/** What the orders with the request's rules and without them cost the policy's quotas and minShares. */
function costsToPolicy(example: ListCase) {
  const policy = example.rules.filter(isOfPolicy);
  const cost = (rules: readonly SourcedRule<ListRule>[]) =>
    costOf(example.items, policy, ordered({ items: example.items, rules }).order);
  return { withRequest: cost(example.rules), without: cost(policy) };
}

const ids = (order: readonly PlainItem[]) => order.map(({ id }) => id);
const countIn = (order: readonly PlainItem[], within: number, facet: string, value: string) =>
  order.slice(0, within).filter(({ facets }) => facets[facet]?.includes(value)).length;

describe('list-wise rules on lists of at most six', () => {
  it('give the best of all permutations, and the warnings of the definition', () => {
    const broken = new Set<string>();
    const cases = fc.oneof(smallCases(6), contestedCases(6));
    fc.assert(
      fc.property(cases, (example) => {
        const wanted = bestOrder(example.items, example.rules);
        const got = ordered(example);
        expect(ids(got.order)).toEqual(ids(wanted.order));
        expect(got.warnings).toEqual(wanted.warnings);
        for (const { code, rule } of wanted.warnings) broken.add(`${code} ${rule.rule.kind}`);
      }),
      { numRuns: 3_000 },
    );
    // The cases are worth something only if rules of every kind came to nothing in some of them.
    expect([...broken].sort()).toEqual([
      'pin_dropped pin',
      'rule_infeasible minShare',
      'rule_infeasible pin',
      'rule_infeasible quota',
      'rule_infeasible spacing',
    ]);
  });

  it('cost the policy the same with the rules of a request as without them', () => {
    let yielded = 0;
    fc.assert(
      fc.property(contestedCases(6), (example) => {
        const { withRequest, without } = costsToPolicy(example);
        expect(withRequest).toEqual(without);
        // The request's rules would cost the policy's something if they were the policy's own.
        const all = example.rules.map(({ rule }, index) => ({ rule, source: 'tenant' as const, index }));
        const together = ordered({ items: example.items, rules: all }).order;
        const policy = example.rules.filter(isOfPolicy);
        if (costOf(example.items, policy, together).join() !== without.join()) yielded++;
      }),
      { numRuns: 3_000 },
    );
    expect(yielded).toBeGreaterThan(20);
  });

  it('cost the policy no spacing on the places that quotas and minShares look at', () => {
    fc.assert(
      fc.property(contestedCases(6), (example) => {
        const { order, warnings } = ordered(example);
        const pins = pinsOf(example, warnings);
        const policy = example.rules.filter(isOfPolicy);
        // The same pins, whoever asked for them.
        const pinned = pins.flatMap((item, place) =>
          item === null ? [] : rulesOf('tenant', { kind: 'pin', id: item.id, rank: place + 1 }),
        );
        const own = policy.filter(({ rule }) => rule.kind !== 'pin');
        const alone = ordered({ items: example.items, rules: [...pinned, ...own] }).order;
        const depth = depthOf(example.items, example.rules);
        const breaches = (of: readonly PlainItem[]) =>
          breachesOf(policy, pins, of)
            .filter((_, place) => place < depth && pins[place] === null)
            .reduce((total, number) => total + number, 0);
        expect(breaches(order)).toBeLessThanOrEqual(breaches(alone));
      }),
      { numRuns: 2_000 },
    );
  });

  it('explain a demotion by rules without which the document stands higher', () => {
    fc.assert(
      fc.property(smallCases(6), fc.nat(5), ({ items, rules }, turn) => {
        if (items.length === 0) return;
        const index = turn % items.length;
        const rankWith = (kept: typeof rules) => bestOrder(items, kept).order.indexOf(items[index]!) + 1;
        const list = listItems(items);
        const pushes = listPushes(list.items, rules, list.codes, index);
        const rank = rankWith(rules);
        if (rank > index + 1) expect(pushes.length).toBeGreaterThan(0);
        const named = pushes.map(({ rule }) => rule);
        if (pushes.some(({ together }) => together)) {
          const gain = (gone: typeof rules) => rank - rankWith(rules.filter((rule) => !gone.includes(rule)));
          expect(named.length).toBeGreaterThan(1);
          for (const { ranks } of pushes) expect(ranks).toBe(gain(named));
          for (const spared of named)
            expect(gain(named.filter((rule) => rule !== spared))).toBeLessThanOrEqual(0);
        } else {
          const alone = rules.map((rule) => rank - rankWith(rules.filter((other) => other !== rule)));
          expect(pushes.map(({ ranks }) => ranks)).toEqual(alone.filter((ranks) => ranks > 0));
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** Up to 300 documents; each director has at most `perDirector` of them. */
function largeCase(random: Random): ListCase {
  const count = 1 + random.integer(300);
  const items = random.shuffle(
    Array.from({ length: count }, (_, index) => ({
      id: `d${index}`,
      facets: {
        directors: [`p${random.integer(1 + random.integer(count))}`],
        genres: ['x', 'y', 'z', 'u', 'v'].filter(() => random.next() < 0.35),
        language: random.next() < 0.9 ? [random.next() < 0.7 ? 'en' : 'fr'] : [],
      },
    })),
  );
  const within = () => 1 + random.integer(random.next() < 0.5 ? 20 : count);
  const rule = (): ListRule => {
    switch (random.integer(4)) {
      case 0:
        return { kind: 'pin', id: `d${random.integer(count + 2)}`, rank: 1 + random.integer(count + 3) };
      case 1:
        return {
          kind: 'quota',
          facet: random.next() < 0.5 ? 'directors' : 'genres',
          max: random.integer(4),
          within: within(),
        };
      case 2:
        return {
          kind: 'minShare',
          facet: 'language',
          value: 'fr',
          share: random.integer(21) / 20,
          within: within(),
        };
      default:
        return {
          kind: 'spacing',
          facet: random.next() < 0.5 ? 'directors' : 'genres',
          gap: random.integer(6),
        };
    }
  };
  const sources = ['tenant', 'user', 'request'] as const;
  const rules = Array.from(
    { length: 1 + random.integer(6) },
    () => [sources[random.integer(3)]!, rule()] as const,
  );
  return { items, rules: inPrecedence(rules) };
}

describe('list-wise rules on lists of up to 300', () => {
  it('keep every document once and every settled pin in its place, twice the same, inputs as they were', () => {
    const random = new Random('list-order');
    for (let run = 0; run < 250; run++) {
      const example = largeCase(random);
      const before = JSON.stringify(example);
      const { order, warnings } = ordered(example);
      expect(ids(order).toSorted()).toEqual(ids(example.items).toSorted());
      pinsOf(example, warnings).forEach((item, place) => {
        if (item !== null) expect(order[place]).toBe(item);
      });
      expect(ordered(example)).toEqual({ order, warnings });
      expect(JSON.stringify(example)).toBe(before);
    }
  });

  it('cost the policy no more with the rules of a request than without them, however long the search', () => {
    const random = new Random('list-order policy');
    for (let run = 0; run < 150; run++) {
      const { withRequest, without } = costsToPolicy(largeCase(random));
      const [breach, shortfall] = withRequest;
      expect(breach).toBeLessThanOrEqual(without[0]);
      if (breach === without[0]) expect(shortfall).toBeLessThanOrEqual(without[1]);
    }
  });

  it('keep a quota over single values wherever enough values are there, and a minShare beside it', () => {
    const random = new Random('list-order quotas');
    for (let run = 0; run < 150; run++) {
      const within = 1 + random.integer(30);
      const max = 1 + random.integer(3);
      const values = Math.ceil(within / max) + random.integer(10);
      // Each director has `max` documents at least, so a window that keeps the quota can be filled; the rest crowds it.
      const crowd = Array.from({ length: random.integer(200) }, () => random.integer(2));
      const directors = [...Array.from({ length: values * max }, (_, i) => i % values), ...crowd];
      const wanted = Math.floor(within / 3);
      const items = [...crowd, ...random.shuffle(directors.slice(0, values * max))].map(
        (director, index) => ({
          id: `d${index}`,
          facets: { directors: [`p${director}`], language: [director % 2 === 0 ? 'en' : 'fr'] },
        }),
      );
      const rules = rulesOf(
        'tenant',
        { kind: 'quota', facet: 'directors', max, within },
        { kind: 'minShare', facet: 'language', value: 'fr', share: wanted / within, within },
        { kind: 'spacing', facet: 'directors', gap: 2 },
      );
      const { order, warnings } = ordered({ items, rules });
      for (let p = 0; p < values; p++)
        expect(countIn(order, within, 'directors', `p${p}`)).toBeLessThanOrEqual(max);
      // Every second director speaks French: half of the values, rounded down, with `max` documents each.
      if (Math.floor(values / 2) * max >= wanted)
        expect(countIn(order, within, 'language', 'fr')).toBeGreaterThanOrEqual(wanted);
      const kinds = warnings.map((warning) => (warning as { rule: { rule: ListRule } }).rule.rule.kind);
      expect(kinds.filter((kind) => kind === 'quota')).toEqual([]);
    }
  });
});
