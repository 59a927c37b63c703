import { describe, expect, it } from 'vitest';
import { FacetDictionary } from '../../src/domain/facet-dictionary.ts';
import { listPushes } from '../../src/domain/list-explain.ts';
import { orderList } from '../../src/domain/list-order.ts';
import type { ListRule, SourcedRule } from '../../src/domain/rule.ts';
import type { Warning } from '../../src/domain/warning.ts';
import { limits } from '../../src/limits.ts';
import { inPrecedence, listItems, rulesOf } from '../support/list-cases.ts';
import type { PlainItem } from '../support/list-order-reference.ts';

/** `A:x,y B:x C` as items with genres; after a slash the language. */
function itemsOf(text: string): PlainItem[] {
  return text.split(' ').map((word) => {
    const [, id, genres = '', language] = /^(\w+)(?::([\w,]*))?(?:\/([\w,]+))?$/.exec(word)!;
    return {
      id: id!,
      facets: {
        genres: genres === '' ? [] : genres.split(','),
        language: language === undefined ? [] : language.split(','),
      },
    };
  });
}

function run(text: string, rules: readonly SourcedRule<ListRule>[]): { ids: string; warnings: Warning[] } {
  const items = itemsOf(text);
  const list = listItems(items);
  const { order, warnings } = orderList(list.items, rules, list.codes);
  return { ids: Array.from(order, (index) => items[index]!.id).join(' '), warnings: [...warnings] };
}

const pin = (id: string, rank: number): ListRule => ({ kind: 'pin', id, rank });
const quota = (max: number, within: number, facet = 'genres'): ListRule => ({
  kind: 'quota',
  facet,
  max,
  within,
});
const french = (share: number, within: number): ListRule => ({
  kind: 'minShare',
  facet: 'language',
  value: 'fr',
  share,
  within,
});
const spacing = (gap: number): ListRule => ({ kind: 'spacing', facet: 'genres', gap });

describe('the order under list-wise rules', () => {
  it('is the same without rules, and for no documents', () => {
    expect(run('A:x B:x C', [])).toEqual({ ids: 'A B C', warnings: [] });
    const empty = orderList([], rulesOf('tenant', quota(1, 2), spacing(2)), new FacetDictionary());
    expect(empty).toEqual({ order: new Uint32Array(0), warnings: [] });
  });

  it('counts a document under each of its values: the first can be the one that has to wait', () => {
    expect(run('A:x,y B:x C:y', rulesOf('tenant', quota(1, 2)))).toEqual({ ids: 'B C A', warnings: [] });
  });

  it('counts a repeated value once, and no number below 0', () => {
    const codes = new FacetDictionary();
    const x = codes.intern('genres', 'x');
    const items = [[x, x], [-1], [-1], [x]].map((values, i) => ({ id: `d${i}`, valuesOf: () => values }));
    const { order, warnings } = orderList(items, rulesOf('tenant', quota(1, 3), spacing(2)), codes);
    expect([Array.from(order), warnings]).toEqual([[0, 1, 2, 3], []]);
  });

  it('counts a pinned document before its place is reached', () => {
    expect(run('A:x B:y C:x D:z', rulesOf('tenant', pin('C', 3), quota(1, 3)))).toEqual({
      ids: 'B D C A',
      warnings: [],
    });
  });

  it('brings up what a minShare asks for as late as it can', () => {
    expect(run('A/en B/en C/en D/fr E/fr F/fr', rulesOf('user', french(0.5, 4))).ids).toBe('A B D E C F');
  });

  it('reads 0.07 of 100 as 7', () => {
    const text = Array.from({ length: 120 }, (_, i) => `d${i}/${i < 100 ? 'en' : 'fr'}`).join(' ');
    const { ids } = run(text, rulesOf('tenant', french(0.07, 100)));
    expect(ids.split(' ').slice(90, 102).join(' ')).toBe(
      'd90 d91 d92 d100 d101 d102 d103 d104 d105 d106 d93 d94',
    );
  });

  it('keeps a quota before a minShare, and a minShare before a spacing', () => {
    const [cap, share] = rulesOf('tenant', quota(1, 3, 'language'), french(1, 3));
    expect(run('A B/fr C/fr D/fr E', [cap!, share!])).toEqual({
      ids: 'A B E C D',
      warnings: [
        {
          code: 'rule_infeasible',
          message: '1 of the first 3 have fr (language), 3 are asked for',
          rule: share,
          wanted: 3,
          got: 1,
        },
      ],
    });
    const [french2, apart] = rulesOf('tenant', french(1, 2), spacing(1));
    expect(run('A:x/fr B:y C:x/fr', [french2!, apart!])).toEqual({
      ids: 'A C B',
      warnings: [
        {
          code: 'rule_infeasible',
          message: 'two with x (genres) have 0 documents between them, 1 are asked for',
          rule: apart,
          wanted: 1,
          got: 0,
        },
      ],
    });
  });

  it('fills what cannot hold as far as the list allows, in the first order', () => {
    const [rule] = rulesOf('context', quota(1, 3));
    const { ids, warnings } = run('A:x B:x C:x D:y', [rule!]);
    expect(ids).toBe('A B D C');
    expect(warnings).toEqual([
      {
        code: 'rule_infeasible',
        message: '2 of the first 3 have x (genres), 1 are allowed',
        rule,
        wanted: 1,
        got: 2,
      },
    ]);
    expect(run('A B', rulesOf('tenant', french(0.5, 10))).warnings).toMatchObject([{ wanted: 1, got: 0 }]);
  });

  it('spaces out what shares a value, in the whole list and around pins', () => {
    expect(run('A:x B:x C:y D:y E', rulesOf('tenant', spacing(1))).ids).toBe('A C B D E');
    expect(run('A:x B:y C:x D:z', rulesOf('tenant', pin('C', 2), spacing(1))).ids).toBe('B C D A');
  });

  it('takes back a first choice that leaves nothing to go with it', () => {
    const rules = rulesOf('tenant', quota(1, 2), quota(1, 2, 'language'));
    expect(run('A:x/en B:x/fr C:y/en', rules)).toEqual({ ids: 'B C A', warnings: [] });
  });

  it('does not take the same documents in another order for the same, once a window lies behind', () => {
    const rules = rulesOf('tenant', quota(0, 1, 'language'), quota(0, 5));
    expect(run('A:x/d,e B:x,y,z C:y,z/f D:y E:/d F:x,z/e,f', rules).ids).toBe('D A C E F B');
  });
});

describe('rules of a request', () => {
  const missed = (warnings: readonly Warning[]) => warnings.map(({ rule }) => rule);
  const both = (policy: ListRule, ...asked: ListRule[]) =>
    inPrecedence([['user', policy], ...asked.map((rule) => ['request', rule] as const)]);

  it('take from one another what they do not take from a minShare of the policy', () => {
    const text = 'A:x/fr B:x/fr C:y/en';
    const rules = both(french(1, 2), quota(1, 2));
    const { ids, warnings } = run(text, rules);
    expect(ids).toBe('A B C');
    expect(missed(warnings)).toEqual([rules[1]]);
    expect(run(text, rulesOf('request', french(1, 2), quota(1, 2))).ids).toBe('A C B');
    expect(run(text, rulesOf('user', french(1, 2), quota(1, 2))).ids).toBe('A C B');
  });

  it('bear the breach where a quota of theirs and one of the policy cannot both hold', () => {
    const text = 'A:x/fr B:x/en C:y/fr';
    const [own, asked] = [quota(1, 2, 'language'), quota(1, 2)];
    expect(run('A:x/fr B:y/fr C:x/en', both(own, asked)).ids).toBe('B C A');
    const rules = both(own, asked, french(1, 2));
    const { ids, warnings } = run(text, rules);
    expect(ids).toBe('B C A');
    expect(missed(warnings)).toEqual([rules[2]]);
    const contrary = both(quota(0, 1, 'language'), quota(0, 1));
    expect(run('A:x B:/fr C:/fr', contrary)).toMatchObject({
      ids: 'A B C',
      warnings: [{ rule: contrary[1] }],
    });
    expect(run('A:x B:/fr C:/fr', both(quota(0, 1), quota(0, 1, 'language'))).ids).toBe('B A C');
  });

  it('put no two closer than a spacing of the policy has them on the places that they look at', () => {
    const rules = both(spacing(1), quota(1, 2, 'language'));
    const { ids, warnings } = run('A:x/en B:y/en C:x,y/fr D E', rules);
    expect(ids).toBe('A D B E C');
    expect(warnings).toEqual([]);
    const tight = run('A:x/en B:y/en C:x,y/fr D:/en', rules);
    expect(tight.ids).toBe('C D A B');
    const none = run('A:x/en B:y/en C:x,y/fr', rules);
    expect(none.ids).toBe('A B C');
    expect(missed(none.warnings)).toEqual(rules);
  });

  it('choose which quota of the policy gives way where one has to', () => {
    // Any two of the three share a genre or a language.
    const policy = rulesOf('user', quota(1, 2, 'language'), quota(1, 2));
    const text = 'A:x/fr B:x/en C:y/fr,en';
    expect(run(text, policy).ids).toBe('A B C');
    expect(run(text, [...policy, ...rulesOf('request', french(1, 2))]).ids).toBe('A C B');
  });

  it('space out what the spacings of the policy leave to choose', () => {
    const apart: ListRule = { kind: 'spacing', facet: 'language', gap: 1 };
    expect(run('A:x/en B:x/fr C:y/en D:z/fr', both(spacing(1), apart)).ids).toBe('A D C B');
    expect(run('A:x/en B:x/fr C:y/en', both(spacing(1), apart)).ids).toBe('A C B');
  });
});

describe('pins', () => {
  const dropped = (warnings: readonly Warning[]) =>
    warnings.filter(({ code }) => code === 'pin_dropped').map(({ message }) => message);

  it('go to the earlier rule where two want one rank or one document', () => {
    const rules = inPrecedence([
      ['request', pin('A', 3)],
      ['tenant', pin('C', 1)],
      ['user', pin('C', 2)],
      ['user', pin('B', 1)],
      ['user', pin('gone', 2)],
    ]);
    const { ids, warnings } = run('A B C D', rules);
    expect(ids).toBe('C B A D');
    expect(dropped(warnings)).toEqual([
      'C is not pinned to rank 2: it is pinned already',
      'B is not pinned to rank 1: another pin has that rank',
      'gone is not pinned to rank 2: it is not in the list',
    ]);
    expect(warnings.map(({ rule }) => rule)).toEqual(rules.slice(1, 4));
  });

  it('beyond the end take the last places that are free, in order of their ranks', () => {
    const rules = rulesOf('tenant', pin('A', 90), pin('B', 70), pin('C', 4));
    const { ids, warnings } = run('A B C D', rules);
    expect(ids).toBe('D B A C');
    expect(warnings).toMatchObject([
      { code: 'rule_infeasible', rule: rules[0], wanted: 90, got: 3 },
      { code: 'rule_infeasible', rule: rules[1], wanted: 70, got: 2 },
    ]);
  });

  it.each<[string, string, ListRule, ListRule[]]>([
    ['a quota', 'A:x B:x C D', quota(1, 3), [pin('A', 1), pin('B', 2)]],
    ['the places of a minShare', 'A B C/fr D/fr', french(0.5, 2), [pin('A', 1), pin('B', 2)]],
    ['the documents of a minShare', 'A B C/fr D', french(0.5, 2), [pin('B', 1), pin('C', 4)]],
    ['a spacing', 'A:x B C:x D', spacing(2), [pin('A', 1), pin('C', 3)]],
  ])('of a request do not break %s of a stronger source, but of its own', (_, text, rule, pins) => {
    const requested = pins.map((one) => ['request', one] as const);
    const stronger = run(text, inPrecedence([['user_context', rule], ...requested]));
    expect(dropped(stronger.warnings)).toEqual([
      expect.stringContaining(`the ${rule.kind} rule of the user context rules it out`),
    ]);
    const own = run(text, inPrecedence([['request', rule], ...requested]));
    expect(dropped(own.warnings)).toEqual([]);
    const tenants = pins.map((one) => ['tenant', one] as const);
    expect(dropped(run(text, inPrecedence([['user', rule], ...tenants])).warnings)).toEqual([]);
  });
});

describe('pins of a request', () => {
  const dropped = (warnings: readonly Warning[]) =>
    warnings.filter(({ code }) => code === 'pin_dropped').map(({ message }) => message);

  it('do not starve a quota of the policy together: the later one goes', () => {
    const rules = inPrecedence([
      ['tenant', quota(1, 2)],
      ['request', pin('C', 3)],
      ['request', pin('D', 4)],
    ]);
    const { ids, warnings } = run('A:x B:x C:y D:z', rules);
    expect(ids).toBe('A D C B');
    expect(dropped(warnings)).toEqual([
      'D is not pinned to rank 4: it costs the quotas or minShares of the policy something',
    ]);
  });

  it('are found among a hundred, and all kept where the quota could not hold anyway', () => {
    const text = Array.from({ length: 120 }, (_, i) => `d${i}:${i < 110 ? 'x' : `y${i}`}`).join(' ');
    const pins = Array.from({ length: 100 }, (_, i) => pin(`d${i + 20}`, 120 - i));
    const requested = pins.map((one) => ['request', one] as const);
    const { ids, warnings } = run(text, inPrecedence([['tenant', quota(1, 10)], ...requested]));
    const genres = ids
      .split(' ')
      .slice(0, 10)
      .map((id) => (Number(id.slice(1)) < 110 ? 'x' : id));
    expect(new Set(genres).size).toBe(10);
    expect(dropped(warnings).length).toBeLessThan(pins.length);
    const hopeless = text.replaceAll(/y\d+/g, 'x');
    expect(dropped(run(hopeless, inPrecedence([['tenant', quota(1, 10)], ...requested])).warnings)).toEqual(
      [],
    );
  });

  it('do not move a pin of the policy that stands at the end of the list', () => {
    const rules = inPrecedence([
      ['tenant', pin('A', 90)],
      ['request', pin('B', 4)],
    ]);
    const { ids, warnings } = run('A B C D', rules);
    expect(ids).toBe('B C D A');
    expect(dropped(warnings)).toEqual(['B is not pinned to rank 4: the pin rule of the tenant rules it out']);
  });
});

describe('who moved a document down', () => {
  const pushes = (text: string, rules: readonly SourcedRule<ListRule>[], id: string) => {
    const items = itemsOf(text);
    const list = listItems(items);
    const index = items.findIndex((item) => item.id === id);
    return listPushes(list.items, rules, list.codes, index);
  };

  it('is each rule without which it would stand higher', () => {
    const rules = rulesOf('tenant', pin('D', 1), spacing(1), quota(3, 3));
    expect(run('A:x B:x C:y D:z', rules).ids).toBe('D A C B');
    expect(pushes('A:x B:x C:y D:z', rules, 'B')).toEqual([
      { rule: rules[0], ranks: 1, together: false },
      { rule: rules[1], ranks: 1, together: false },
    ]);
    expect(pushes('A:x B:x C:y D:z', rules, 'D')).toEqual([]);
  });

  it('are all rules that would each have done it alone', () => {
    const rules = rulesOf('tenant', quota(1, 2), quota(1, 2, 'language'), quota(3, 2), pin('A', 1));
    expect(run('A:x/fr B:x/fr C', rules).ids).toBe('A C B');
    expect(pushes('A:x/fr B:x/fr C', rules, 'B')).toEqual([
      { rule: rules[0], ranks: 1, together: true },
      { rule: rules[1], ranks: 1, together: true },
    ]);
  });

  it('looks at so many orders and no more, the likely rules first', () => {
    const text = 'A:x B:x C D';
    const idle = Array.from({ length: 300 }, () => quota(3, 3, 'language'));
    const share = french(0.25, 4);
    const tenants = [...idle, share].map((rule) => ['tenant', rule] as const);
    const rules = inPrecedence([...tenants, ['user', spacing(1)]]);
    expect(pushes(text, rules, 'B')).toEqual([{ rule: rules[301], ranks: 1, together: false }]);

    const list = listItems(itemsOf(text));
    let asked = 0;
    const counting = {
      codeOf: (facet: string, value: string) => {
        asked++;
        return list.codes.codeOf(facet, value);
      },
      valueOf: (code: number) => list.codes.valueOf(code),
    };
    orderList(list.items, rules, counting);
    const once = asked;
    listPushes(list.items, rules, counting, 1);
    expect(asked).toBeGreaterThan(2 * once);
    expect(asked).toBeLessThanOrEqual((limits.listExplainOrdersMax + 2) * once);
  });

  it('names a small set of many rules that act together', () => {
    const twins = Array.from({ length: 24 }, (_, i) => quota(i === 7 || i === 20 ? 1 : 5, 2));
    const rules = rulesOf('tenant', ...twins);
    expect(pushes('A:x B:x C', rules, 'B')).toEqual([
      { rule: rules[7], ranks: 1, together: true },
      { rule: rules[20], ranks: 1, together: true },
    ]);
  });

  it('of hundreds of rules names a set that helps together, which may have members that could be spared', () => {
    const twins = Array.from({ length: 300 }, (_, i) => quota(i === 7 || i === 250 ? 1 : 5, 2));
    const rules = rulesOf('tenant', ...twins);
    const named = pushes('A:x B:x C', rules, 'B').map(({ rule }) => rule);
    expect(named).toContain(rules[7]);
    expect(named).toContain(rules[250]);
  });
});
