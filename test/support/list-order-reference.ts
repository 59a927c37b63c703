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

const isOfPolicy = ({ source }: Sourced) => source !== 'request';

interface Held {
  readonly rank: number;
  readonly item: PlainItem;
  readonly rule: Sourced;
}

/** Pins by themselves: what holds of them by what each costs next to those before. */
function pinsThatHold(items: readonly PlainItem[], rules: readonly Sourced[]): Held[] {
  const held: Held[] = [];
  for (const rule of rules) {
    if (rule.rule.kind !== 'pin') continue;
    const { id, rank } = rule.rule;
    const item = items.find((other) => other.id === id);
    if (item === undefined || held.some((pin) => pin.rank === rank || pin.item === item)) continue;
    const next = [...held, { rank, item, rule }];
    const [before, after] = [layOut(items.length, held), layOut(items.length, next)];
    const costsNothing = rules
      .filter(isOfPolicy)
      .every(({ rule: own }) => costOfPins(items, own, after) <= costOfPins(items, own, before));
    const movesNone = held.every(
      (pin) => !isOfPolicy(pin.rule) || before.indexOf(pin.item) === after.indexOf(pin.item),
    );
    if (isOfPolicy(rule) || (costsNothing && movesNone)) held.push({ rank, item, rule });
  }
  return held;
}

export function settledPins(
  items: readonly PlainItem[],
  rules: readonly Sourced[],
): { places: Places; warnings: PlainWarning[] } {
  const alone = pinsThatHold(items, rules);
  const policy = rules.filter(isOfPolicy);
  const cost = (pins: readonly Held[]) => leastOf(items, policy, layOut(items.length, pins));
  let held = alone.filter(({ rule }) => isOfPolicy(rule));
  const most = cost(held);
  const hold = (part: readonly Held[]): void => {
    if (part.length === 0) return;
    const next = [...held, ...part];
    const half = Math.ceil(part.length / 2);
    if (!isLess(most, cost(next))) held = next;
    else if (part.length > 1) for (const some of [part.slice(0, half), part.slice(half)]) hold(some);
  };
  hold(alone.filter(({ rule }) => !isOfPolicy(rule)));
  return pinsLaidOut(
    items,
    rules,
    held.map(({ rule }) => rule),
  );
}

/** Where pins stand of which it is known that they hold, and what is said of all pins. */
export function pinsLaidOut(
  items: readonly PlainItem[],
  rules: readonly Sourced[],
  held: readonly Sourced[],
): { places: Places; warnings: PlainWarning[] } {
  const pins = rules.flatMap((rule) => (rule.rule.kind === 'pin' ? [{ ...rule.rule, rule }] : []));
  const own = pins
    .filter(({ rule }) => held.includes(rule))
    .map((pin) => ({ ...pin, item: items.find(({ id }) => id === pin.id)! }));
  const places = layOut(items.length, own);
  const dropped = pins.filter(({ rule }) => !held.includes(rule));
  const beyond = own.filter(({ rank }) => rank > items.length);
  return {
    places,
    warnings: [
      ...dropped.map(({ rule }) => ({ code: 'pin_dropped', rule })),
      ...beyond.map(({ rank, item, rule }) => ({
        code: 'rule_infeasible',
        rule,
        wanted: rank,
        got: places.indexOf(item) + 1,
      })),
    ],
  };
}

/** (breach, shortfall) of an order. */
export function costOf(
  items: readonly PlainItem[],
  rules: readonly Sourced[],
  order: readonly PlainItem[],
): [number, number] {
  let breach = 0;
  let shortfall = 0;
  for (const { rule } of rules) {
    if (rule.kind === 'quota') breach += quotaState(order, rule).over;
    if (rule.kind !== 'minShare') continue;
    const got = order.slice(0, rule.within).filter((item) => has(item, rule.facet, rule.value)).length;
    shortfall += Math.max(0, wantedOf(rule, items.length) - got);
  }
  return [breach, shortfall];
}

/** Per place the spacing breaches with documents before it and with pinned ones after it. */
export function breachesOf(rules: readonly Sourced[], pins: Places, order: readonly PlainItem[]): number[] {
  return order.map((item, place) => {
    let breaches = 0;
    for (const { rule } of rules) {
      if (rule.kind !== 'spacing') continue;
      order.forEach((other, at) => {
        const counts = at < place || (at > place && pins[at] !== null);
        if (counts && Math.abs(at - place) <= rule.gap && share(item, other, rule.facet)) breaches++;
      });
    }
    return breaches;
  });
}

/** How many of the first places quotas and minShares depend on. */
export function depthOf(items: readonly PlainItem[], rules: readonly Sourced[]): number {
  const windows = rules.map(({ rule }) => {
    if (rule.kind === 'quota' && quotaState(items, { ...rule, within: items.length }).most > rule.max)
      return rule.within;
    const asks =
      rule.kind === 'minShare' &&
      wantedOf(rule, items.length) > 0 &&
      items.some((item) => has(item, rule.facet, rule.value));
    return asks ? rule.within : 0;
  });
  return Math.max(0, ...windows.filter((window) => window < items.length));
}

const isLess = (a: readonly number[], b: readonly number[]) => {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at >= 0 && a[at]! < b[at]!;
};
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/** The order of those around the pins whose numbers come first, compared from the left; null where there are none. */
function leastOrder(
  items: readonly PlainItem[],
  pins: Places,
  numbersOf: (order: readonly PlainItem[]) => readonly number[] | null,
): { order: PlainItem[]; numbers: readonly number[] } | null {
  let best: { order: PlainItem[]; numbers: readonly number[] } | null = null;
  const order: PlainItem[] = [];
  const go = (rest: readonly PlainItem[]): void => {
    if (order.length === items.length) {
      const numbers = numbersOf(order);
      if (numbers !== null && (best === null || isLess(numbers, best.numbers)))
        best = { order: [...order], numbers };
      return;
    }
    const pinned = pins[order.length] ?? null;
    for (const item of pinned === null ? rest : [pinned]) {
      order.push(item);
      go(rest.filter((other) => other !== item));
      order.pop();
    }
  };
  go(items.filter((item) => !pins.includes(item)));
  return best;
}

/** The smallest (breach, shortfall) of all permutations that keep the pins. */
function leastOf(items: readonly PlainItem[], rules: readonly Sourced[], pins: Places): readonly number[] {
  if (rules.every(({ rule }) => rule.kind !== 'quota' && rule.kind !== 'minShare')) return [0, 0];
  return leastOrder(items, pins, (order) => costOf(items, rules, order))!.numbers;
}

/** The best of all permutations that keep the pins, by looking at every one. */
export function bestOrder(
  items: readonly PlainItem[],
  rules: readonly Sourced[],
): { order: PlainItem[]; warnings: PlainWarning[] } {
  const { places, warnings } = settledPins(items, rules);
  const policy = rules.filter(isOfPolicy);
  const request = rules.filter((rule) => !isOfPolicy(rule));
  const byPolicy = leastOrder(items, places, (order) => {
    const breaches = breachesOf(policy, places, order);
    const sequence = order.flatMap((item, place) => [breaches[place]!, items.indexOf(item)]);
    return [...costOf(items, policy, order), ...sequence];
  })!.order;
  const most = costOf(items, policy, byPolicy);
  const depth = depthOf(items, rules);
  const inDepth = (breaches: readonly number[]) =>
    sum(breaches.filter((_, place) => place < depth && places[place] === null));
  const breachesMax = inDepth(breachesOf(policy, places, byPolicy));
  const found = request.every(({ rule }) => rule.kind === 'pin')
    ? byPolicy
    : leastOrder(items, places, (order) => {
        const own = breachesOf(policy, places, order);
        if (isLess(most, costOf(items, policy, order)) || inDepth(own) > breachesMax) return null;
        const asked = breachesOf(request, places, order);
        const sequence = order.flatMap((item, place) => [own[place]!, asked[place]!, items.indexOf(item)]);
        return [...costOf(items, request, order), ...sequence];
      })!.order;
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
