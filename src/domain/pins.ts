import { limits } from '../limits.ts';
import type { FacetCodes, ListItem } from './list-item.ts';
import { shareWanted, windowOf } from './list-window.ts';
import { isOfPolicy, type ListRule, type SourcedRule } from './rule.ts';
import type { Warning } from './warning.ts';

type PinRule = Extract<ListRule, { kind: 'pin' }>;

interface HeldPin {
  readonly pin: SourcedRule<PinRule>;
  readonly item: number;
}

export interface SettledPins {
  /** Per place (rank - 1) the index of the item that is pinned there, or -1. */
  readonly pinnedAt: Int32Array;
  readonly warnings: readonly Warning[];
}

/** What pins leave the policy's quotas and minShares (domain/list-layers.ts). */
export interface PolicyCost {
  /** What the best order around the pins costs them; infinite where that is known to be more than `most`. */
  policyCost(pinnedAt: Int32Array, most: number): number;
}

/**
 * Decides which pins hold, rule by rule in the order given.
 * - Of two pins at one rank, or of one document, the earlier holds.
 * - A pin whose document is not in the list is dropped.
 * - A pin beyond the end of the list takes one of the last places that no other pin has, in order of the ranks asked for.
 * - A pin of a request is dropped where it would cost a rule of the policy something, next to the pins settled before
 *   it: another place for a pin; more documents over the maximum of a quota among the pinned ones of its window; a
 *   larger shortfall of a minShare, because pinned documents without the value fill its window or those with it are
 *   pinned outside; or one more pair of pins too close for a spacing.
 * - The request's pins that are left may still cost the policy's quotas and minShares something together: more than
 *   the best order around the policy's pins alone. Then each half of them is tried next to what holds, the first half
 *   first, and halves that cost something are halved again, until the pins to be dropped stand alone. After
 *   `limits.listPinOrdersMax` orders those that are left are dropped.
 *
 * Each dropped pin gives `pin_dropped`, each beyond the end `rule_infeasible` with the rank asked for and the one given.
 */
export function settlePins(
  items: readonly ListItem[],
  rules: readonly SourcedRule<ListRule>[],
  codes: FacetCodes,
  policy: PolicyCost,
): SettledPins {
  const pins = rules.filter(isPin);
  if (pins.length === 0) return { pinnedAt: new Int32Array(items.length).fill(-1), warnings: [] };
  const { held: alone, dropped } = settleEach(items, pins, rules.filter(isOfPolicy), codes);
  const held = settleTogether(items.length, alone, policy);
  for (const { pin } of alone) {
    if (!held.some((other) => other.pin === pin))
      dropped.set(pin, 'it costs the quotas or minShares of the policy something');
  }
  const pinnedAt = placePins(items.length, held);
  const warnings = pins.flatMap((pin): Warning[] => {
    const why = dropped.get(pin);
    if (why === undefined) return [];
    const message = `${pin.rule.id} is not pinned to rank ${pin.rule.rank}: ${why}`;
    return [{ code: 'pin_dropped', message, rule: pin }];
  });
  return { pinnedAt, warnings: [...warnings, ...beyondEnd(items.length, held, pinnedAt)] };
}

/** Pins rule by rule; those that do not hold with the reason. */
function settleEach(
  items: readonly ListItem[],
  pins: readonly SourcedRule<PinRule>[],
  policy: readonly SourcedRule<ListRule>[],
  codes: FacetCodes,
): { held: HeldPin[]; dropped: Map<SourcedRule<PinRule>, string> } {
  const held: HeldPin[] = [];
  const dropped = new Map<SourcedRule<PinRule>, string>();
  const indexes = new Map(items.map(({ id }, index) => [id, index]));
  for (const pin of pins) {
    const { id, rank } = pin.rule;
    const item = indexes.get(id);
    if (item === undefined) dropped.set(pin, 'it is not in the list');
    else if (held.some((other) => other.pin.rule.rank === rank))
      dropped.set(pin, 'another pin has that rank');
    else if (held.some((other) => other.item === item)) dropped.set(pin, 'it is pinned already');
    else {
      const next = [...held, { pin, item }];
      const cost = isOfPolicy(pin) ? null : costlyRule(items, policy, codes, held, next);
      if (cost === null) held.push({ pin, item });
      else
        dropped.set(pin, `the ${cost.rule.kind} rule of the ${cost.source.replace('_', ' ')} rules it out`);
    }
  }
  return { held, dropped };
}

/** Those of the pins that leave the policy's quotas and minShares what they have without the request's. */
function settleTogether(count: number, pins: readonly HeldPin[], policy: PolicyCost): HeldPin[] {
  let held = pins.filter(({ pin }) => isOfPolicy(pin));
  const requested = pins.slice(held.length);
  // Where nothing is lost with all of them, there is nothing to find out.
  if (requested.length === 0 || policy.policyCost(placePins(count, pins), 0) === 0) return [...pins];
  const most = policy.policyCost(placePins(count, held), Number.POSITIVE_INFINITY);
  let orders = 0;
  const hold = (part: readonly HeldPin[]) => {
    if (orders++ >= limits.listPinOrdersMax) return;
    const next = [...held, ...part];
    if (policy.policyCost(placePins(count, next), most) <= most) held = next;
    else if (part.length > 1) {
      const half = Math.ceil(part.length / 2);
      hold(part.slice(0, half));
      hold(part.slice(half));
    }
  };
  hold(requested);
  return held;
}

function isPin(sourced: SourcedRule<ListRule>): sourced is SourcedRule<PinRule> {
  return sourced.rule.kind === 'pin';
}

function placePins(count: number, held: readonly HeldPin[]): Int32Array {
  const pinnedAt = new Int32Array(count).fill(-1);
  for (const { pin, item } of held) if (pin.rule.rank <= count) pinnedAt[pin.rule.rank - 1] = item;
  const beyond = held.filter(({ pin }) => pin.rule.rank > count);
  beyond.sort((a, b) => b.pin.rule.rank - a.pin.rule.rank);
  let place = count - 1;
  for (const { item } of beyond) {
    while (pinnedAt[place] !== -1) place--;
    pinnedAt[place] = item;
  }
  return pinnedAt;
}

function beyondEnd(count: number, held: readonly HeldPin[], pinnedAt: Int32Array): Warning[] {
  const beyond = held.filter(({ pin }) => pin.rule.rank > count);
  return beyond.map(({ pin, item }) => {
    const got = pinnedAt.indexOf(item) + 1;
    const message = `${pin.rule.id} is pinned to rank ${pin.rule.rank} of a list of ${count}: it takes rank ${got}`;
    return { code: 'rule_infeasible', message, rule: pin, wanted: pin.rule.rank, got };
  });
}

/** The first of the rules that loses something by the step from `before` to `after`. */
function costlyRule(
  items: readonly ListItem[],
  rules: readonly SourcedRule<ListRule>[],
  codes: FacetCodes,
  before: readonly HeldPin[],
  after: readonly HeldPin[],
): SourcedRule<ListRule> | null {
  const [was, is] = [placePins(items.length, before), placePins(items.length, after)];
  const loses = ({ rule }: SourcedRule<ListRule>) =>
    rule.kind !== 'pin' && pinCost(items, rule, codes, is) > pinCost(items, rule, codes, was);
  const moved = before.find(({ pin, item }) => isOfPolicy(pin) && was.indexOf(item) !== is.indexOf(item));
  return moved?.pin ?? rules.find(loses) ?? null;
}

/** What the pins alone cost a rule: documents too many (quota) or too few (minShare), or pairs too close (spacing). */
function pinCost(
  items: readonly ListItem[],
  rule: Exclude<ListRule, PinRule>,
  codes: FacetCodes,
  pinnedAt: Int32Array,
): number {
  const placed = Array.from(pinnedAt, (item) =>
    item < 0 ? null : new Set(items[item]!.valuesOf(rule.facet)),
  );
  if (rule.kind === 'spacing') return closePairs(placed, rule.gap);
  const window = windowOf(rule, items.length);
  if (rule.kind === 'quota') {
    const counts = new Map<number, number>();
    for (const values of placed.slice(0, window))
      for (const value of values ?? []) if (value >= 0) counts.set(value, (counts.get(value) ?? 0) + 1);
    return [...counts.values()].reduce((sum, count) => sum + Math.max(0, count - rule.max), 0);
  }
  const code = codes.codeOf(rule.facet, rule.value);
  const having = items.filter((item) => code >= 0 && item.valuesOf(rule.facet).includes(code)).length;
  const without = placed.slice(0, window).filter((values) => values !== null && !values.has(code)).length;
  const outside = placed.slice(window).filter((values) => code >= 0 && values?.has(code)).length;
  return Math.max(0, shareWanted(rule, items.length) - Math.min(window - without, having - outside));
}

function closePairs(placed: readonly (ReadonlySet<number> | null)[], gap: number): number {
  let pairs = 0;
  placed.forEach((values, place) => {
    if (values === null) return;
    for (const other of placed.slice(place + 1, place + gap + 1))
      if (other !== null && [...values].some((value) => value >= 0 && other.has(value))) pairs++;
  });
  return pairs;
}
