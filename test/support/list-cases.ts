import fc from 'fast-check';
import { FacetDictionary } from '../../src/domain/facet-dictionary.ts';
import type { ListItem } from '../../src/domain/list-item.ts';
import { type ListRule, type RuleSource, ruleSources, type SourcedRule } from '../../src/domain/rule.ts';
import type { PlainItem } from './list-order-reference.ts';

export interface ListCase {
  readonly items: readonly PlainItem[];
  readonly rules: readonly SourcedRule<ListRule>[];
}

export const listFacets = ['directors', 'genres', 'language'] as const;
const letters = ['a', 'b', 'c', 'd', 'e'];

/** A document's facets: directors seldom many, genres often, language one at most. */
const facetsArbitrary = fc.record({
  directors: fc.uniqueArray(fc.constantFrom(...letters), { maxLength: 2 }),
  genres: fc.uniqueArray(fc.constantFrom('x', 'y', 'z'), { maxLength: 3 }),
  language: fc.uniqueArray(fc.constantFrom('en', 'fr'), { maxLength: 1 }),
});

function ruleArbitrary(ids: number): fc.Arbitrary<ListRule> {
  const facet = fc.constantFrom(...listFacets);
  const within = fc.integer({ min: 1, max: ids + 1 });
  return fc.oneof(
    fc.record({
      kind: fc.constant('pin' as const),
      id: fc.nat(ids).map((id) => `d${id}`),
      rank: fc.integer({ min: 1, max: ids + 2 }),
    }),
    {
      arbitrary: fc.record({ kind: fc.constant('quota' as const), facet, max: fc.nat(2), within }),
      weight: 2,
    },
    fc.record({
      kind: fc.constant('minShare' as const),
      facet,
      value: fc.constantFrom('a', 'x', 'y', 'en', 'fr', 'nobody'),
      share: fc.integer({ min: 0, max: 20 }).map((twentieths) => twentieths / 20),
      within,
    }),
    fc.record({ kind: fc.constant('spacing' as const), facet, gap: fc.nat(3) }),
  );
}

/** Lists and rules so small that every permutation can be looked at, and so tight that rules get into each other's way. */
export function smallCases(itemsMax: number): fc.Arbitrary<ListCase> {
  const facets = fc.array(facetsArbitrary, { maxLength: itemsMax });
  return facets.chain((own) => casesOf(own, ruleSources, { minLength: 1, maxLength: 5 }));
}

/** The same where a request's rules are about as many as the policy's and seldom without some of them in their way. */
export function contestedCases(itemsMax: number): fc.Arbitrary<ListCase> {
  const facets = fc.array(facetsArbitrary, { minLength: itemsMax - 2, maxLength: itemsMax });
  const sources = ['tenant', 'user', 'request', 'request'] as const;
  return facets.chain((own) => casesOf(own, sources, { minLength: 3, maxLength: 7 }));
}

function casesOf(
  facets: readonly PlainItem['facets'][],
  sources: readonly RuleSource[],
  length: { readonly minLength: number; readonly maxLength: number },
): fc.Arbitrary<ListCase> {
  const rule = fc.tuple(fc.constantFrom(...sources), ruleArbitrary(facets.length));
  return fc.array(rule, length).map((rules) => ({
    items: facets.map((own, index) => ({ id: `d${index}`, facets: own })),
    rules: inPrecedence(rules),
  }));
}

/** Rules by their source, the strongest first, numbered within it. */
export function inPrecedence(rules: readonly (readonly [RuleSource, ListRule])[]): SourcedRule<ListRule>[] {
  return ruleSources.flatMap((source) =>
    rules.filter(([own]) => own === source).map(([, rule], index) => ({ rule, source, index })),
  );
}

/** Rules of one source. */
export function rulesOf(source: RuleSource, ...rules: ListRule[]): SourcedRule<ListRule>[] {
  return inPrecedence(rules.map((rule) => [source, rule] as const));
}

/** The items as the module takes them, numbered by a dictionary that knows more than this list. */
export function listItems(items: readonly PlainItem[]): { items: ListItem[]; codes: FacetDictionary } {
  const codes = new FacetDictionary();
  for (const facet of listFacets) codes.intern(facet, 'of another list');
  const coded = items.map(({ id, facets }) => {
    const own = new Map(
      Object.entries(facets).map(([facet, values]) => [
        facet,
        values.map((value) => codes.intern(facet, value)),
      ]),
    );
    return { id, valuesOf: (facet: string) => own.get(facet) ?? [] };
  });
  return { items: coded, codes };
}
