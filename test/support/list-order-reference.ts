import type { ListRule, SourcedRule } from '../../src/domain/rule.ts';

/** List-wise rules by the words of their definition, over every permutation. It shares no code with src/domain. */

export interface PlainItem {
  readonly id: string;
  readonly facets: Readonly<Record<string, readonly string[]>>;
}

export interface PlainWarning {
  readonly code: string;
  readonly rule: SourcedRule<ListRule>;
  readonly wanted?: number;
  readonly got?: number;
}

type Sourced = SourcedRule<ListRule>;
/** Who stands on each place; null: not yet known. */
type Places = readonly (PlainItem | null)[];

const valuesOf = (item: PlainItem, facet: string) => new Set(item.facets[facet] ?? []);
const share = (a: PlainItem, b: PlainItem, facet: string) =>
  [...valuesOf(a, facet)].some((value) => valuesOf(b, facet).has(value));
const has = (item: PlainItem | null, facet: string, value: string) =>
  item !== null && valuesOf(item, facet).has(value);
/** Twentieths are exact as whole numbers; the tests use no other shares. */
const wantedOf = (rule: ListRule & { kind: 'minShare' }, count: number) =>
  Math.ceil((Math.round(rule.share * 20) * Math.min(rule.within, count)) / 20);

/** The largest count and the number of documents beyond the maximum. */
function quotaState(places: Places, rule: ListRule & { kind: 'quota' }): { most: number; over: number } {
  const all = places.slice(0, rule.within).flatMap((item) => (item ? [...valuesOf(item, rule.facet)] : []));
  const counts = [...new Set(all)].map((value) => all.filter((other) => other === value).length);
  const over = counts.map((count) => Math.max(0, count - rule.max)).reduce((sum, more) => sum + more, 0);
  return { most: Math.max(0, ...counts), over };
}

/** Ranks and items of pins -> places. */
function layOut(count: number, pins: readonly { rank: number; item: PlainItem }[]): Places {
  const places: (PlainItem | null)[] = new Array(count).fill(null);
  for (const { rank, item } of pins) if (rank <= count) places[rank - 1] = item;
  for (const { item } of pins.filter(({ rank }) => rank > count).toSorted((a, b) => b.rank - a.rank))
    places[places.lastIndexOf(null)] = item;
  return places;
}

/** What pins cost a rule, whatever else is put between them. */
function costOfPins(items: readonly PlainItem[], rule: ListRule, pins: Places): number {
  switch (rule.kind) {
    case 'pin':
      return 0;
    case 'quota':
      return quotaState(pins, rule).over;
    case 'minShare': {
      // The best that could be: every free place of the window goes to a document with the value, while there are some.
      const isFree = (item: PlainItem) => !pins.includes(item) && has(item, rule.facet, rule.value);
      const window = pins.slice(0, rule.within);
      const inPlace = window.filter((item) => has(item, rule.facet, rule.value)).length;
      const free = window.filter((item) => item === null).length;
      return Math.max(
        0,
        wantedOf(rule, items.length) - inPlace - Math.min(free, items.filter(isFree).length),
      );
    }
    case 'spacing':
      return pins.flatMap((a, i) =>
        pins.filter((b, j) => a && b && i < j && j - i <= rule.gap && share(a, b, rule.facet)),
      ).length;
  }
}

export function settledPins(
  items: readonly PlainItem[],
  rules: readonly Sourced[],
): { places: Places; warnings: PlainWarning[] } {
  const held: { rank: number; item: PlainItem; rule: Sourced }[] = [];
  const warnings: PlainWarning[] = [];
  for (const rule of rules) {
    if (rule.rule.kind !== 'pin') continue;
    const { id, rank } = rule.rule;
    const item = items.find((other) => other.id === id);
    const taken = held.some((pin) => pin.rank === rank || pin.item === item);
    let holds = item !== undefined && !taken;
    if (holds && rule.source === 'request') {
      const before = layOut(items.length, held);
      const after = layOut(items.length, [...held, { rank, item: item! }]);
      holds = rules
        .filter(({ source }) => source !== 'request')
        .every(
          ({ rule: stronger }) => costOfPins(items, stronger, after) <= costOfPins(items, stronger, before),
        );
    }
    if (holds) held.push({ rank, item: item!, rule });
    else warnings.push({ code: 'pin_dropped', rule });
  }
  const places = layOut(items.length, held);
  for (const { rank, item, rule } of held)
    if (rank > items.length)
      warnings.push({ code: 'rule_infeasible', rule, wanted: rank, got: places.indexOf(item) + 1 });
  return { places, warnings };
}

/** Breach, shortfall, then breaches and position place by place: what is compared from the left, smaller first. */
function rankingOf(
  items: readonly PlainItem[],
  rules: readonly Sourced[],
  pins: Places,
  order: readonly PlainItem[],
): number[] {
  let breach = 0;
  let shortfall = 0;
  for (const { rule } of rules) {
    if (rule.kind === 'quota') breach += quotaState(order, rule).over;
    if (rule.kind !== 'minShare') continue;
    const got = order.slice(0, rule.within).filter((item) => has(item, rule.facet, rule.value)).length;
    shortfall += Math.max(0, wantedOf(rule, items.length) - got);
  }
  const sequence = order.flatMap((item, place) => {
    let breaches = 0;
    for (const { rule } of rules) {
      if (rule.kind !== 'spacing') continue;
      order.forEach((other, at) => {
        const counts = at < place || (at > place && pins[at] !== null);
        if (counts && Math.abs(at - place) <= rule.gap && share(item, other, rule.facet)) breaches++;
      });
    }
    return [breaches, items.indexOf(item)];
  });
  return [breach, shortfall, ...sequence];
}

const isLess = (a: readonly number[], b: readonly number[]) => {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at >= 0 && a[at]! < b[at]!;
};

/** The best of all permutations that keep the pins, by looking at every one. */
export function bestOrder(
  items: readonly PlainItem[],
  rules: readonly Sourced[],
): { order: PlainItem[]; warnings: PlainWarning[] } {
  const { places, warnings } = settledPins(items, rules);
  let best: { order: PlainItem[]; value: number[] } | null = null;
  const order: PlainItem[] = [];
  const go = (rest: readonly PlainItem[]): void => {
    if (order.length === items.length) {
      const value = rankingOf(items, rules, places, order);
      if (best === null || isLess(value, best.value)) best = { order: [...order], value };
      return;
    }
    const pinned = places[order.length] ?? null;
    for (const item of pinned === null ? rest : [pinned]) {
      order.push(item);
      go(rest.filter((other) => other !== item));
      order.pop();
    }
  };
  go(items.filter((item) => !places.includes(item)));
  const found = best!.order;
  return { order: found, warnings: [...warnings, ...rules.flatMap((rule) => missOf(items, rule, found))] };
}

function missOf(items: readonly PlainItem[], rule: Sourced, order: readonly PlainItem[]): PlainWarning[] {
  const warn = (wanted: number, got: number) => [{ code: 'rule_infeasible', rule, wanted, got }];
  const asked = rule.rule;
  if (asked.kind === 'quota') {
    const { most } = quotaState(order, asked);
    return most > asked.max ? warn(asked.max, most) : [];
  }
  if (asked.kind === 'minShare') {
    const wanted = wantedOf(asked, items.length);
    const got = order.slice(0, asked.within).filter((item) => has(item, asked.facet, asked.value)).length;
    return got < wanted ? warn(wanted, got) : [];
  }
  if (asked.kind === 'pin') return [];
  const between = order.flatMap((a, i) =>
    order.flatMap((b, j) => (i < j && share(a, b, asked.facet) ? [j - i - 1] : [])),
  );
  return between.some((others) => others < asked.gap) ? warn(asked.gap, Math.min(...between)) : [];
}
