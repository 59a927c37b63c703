import type { EffectivePolicy } from '../domain/effective-policy.ts';
import { compileMask } from '../domain/mask-compiler.ts';
import type { MaskProgram } from '../domain/mask-program.ts';
import type { Predicate } from '../domain/predicate.ts';
import type { HardRule, SourcedRule } from '../domain/rule.ts';
import { rulePredicate } from '../domain/rule-predicate.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import type { CompiledPredicate } from '../ports/recall.ts';
import { dayMs } from '../std/day.ts';
import type { ActiveCatalogue, ActivePredicate } from './active-catalogue.ts';

/** Everything that a document must pass to be in the answer, compiled on one epoch: the filter and all hard rules. */
export interface Conditions extends CompiledPredicate {
  readonly program: MaskProgram;
  /** One per rule of the program. */
  readonly predicates: readonly Predicate[];
  /** What each rule of the program stands for; null: the request's filter. */
  readonly parts: readonly (SourcedRule<HardRule> | null)[];
  /** Live documents that each part is the first to drop. */
  readonly dropped: Uint32Array;
  /** Equal keys on one epoch mean equal conditions; null where they are one user's own. */
  readonly key: string | null;
}

/** What the conditions depend on besides the catalogue. */
export interface ConditionInput {
  readonly filter: Predicate | null;
  readonly policy: EffectivePolicy;
  /** Documents that the user has seen, hidden; null without a user. */
  readonly seen: readonly string[] | null;
  readonly hidden: readonly string[];
  /** Wall clock of the search; rules about age count from the beginning of its day (UTC). */
  readonly nowMs: number;
}

interface Part {
  readonly rule: SourcedRule<HardRule> | null;
  readonly predicate: Predicate;
}

/**
 * What holds for everybody under the same rules is compiled once an epoch (active-catalogue.ts); what a single user has
 * seen or hidden is taken out of a copy. null: nothing is asked.
 * @returns also the rules that name a facet or field that the catalogue does not have
 */
export function compileConditions(
  catalogue: ActiveCatalogue,
  snapshot: TableSnapshot,
  input: ConditionInput,
): { readonly conditions: Conditions | null; readonly unknown: readonly SourcedRule[] } {
  const shared: Part[] = input.filter === null ? [] : [{ rule: null, predicate: input.filter }];
  const unknown: SourcedRule[] = [];
  const seen: SourcedRule<HardRule>[] = [];
  const facts = { nowMs: Math.floor(input.nowMs / dayMs) * dayMs, seen: null };
  for (const rule of input.policy.hard) {
    if (rule.rule.kind === 'hideSeen') {
      seen.push(rule);
      continue;
    }
    const compiled = rulePredicate(rule.rule, catalogue.schema, facts);
    if (compiled === null) continue;
    if (compiled.unknown !== null) unknown.push(rule);
    shared.push({ rule, predicate: compiled.predicate });
  }
  const base =
    shared.length === 0
      ? null
      : catalogue.compile(
          shared.map((part) => part.predicate),
          snapshot,
        );
  const personal = personalParts(input, seen);
  if (base === null && personal.length === 0) return { conditions: null, unknown };
  const parts = shared.map((part) => part.rule);
  const conditions =
    personal.length === 0 ? { ...base!, parts } : withoutDocuments(base, parts, personal, snapshot);
  return { conditions, unknown };
}

interface PersonalPart {
  readonly rule: SourcedRule<HardRule>;
  readonly ids: readonly string[];
}

function personalParts(input: ConditionInput, seen: readonly SourcedRule<HardRule>[]): PersonalPart[] {
  const parts: PersonalPart[] = [];
  const first = seen[0];
  if (first !== undefined && input.seen !== null && input.seen.length > 0)
    parts.push({ rule: first, ids: input.seen });
  if (input.hidden.length > 0)
    parts.push({
      // Named by a few, because it is shown.
      rule: { rule: { kind: 'idsExclude', ids: input.hidden.slice(0, 10) }, source: 'events', index: 0 },
      ids: input.hidden,
    });
  return parts;
}

function withoutDocuments(
  base: ActivePredicate | null,
  parts: readonly (SourcedRule<HardRule> | null)[],
  personal: readonly PersonalPart[],
  snapshot: TableSnapshot,
): Conditions {
  const mask = (base?.mask ?? snapshot.live).slice();
  let passing = base?.passing ?? snapshot.liveCount;
  const dropped = [...(base?.dropped ?? [])];
  for (const { ids } of personal) {
    let count = 0;
    for (const id of ids) {
      const row = snapshot.rowOf(id);
      if (row < 0 || mask[row] === 0) continue;
      mask[row] = 0;
      count++;
    }
    dropped.push(count);
    passing -= count;
  }
  const without = personal.map(({ ids }): Predicate => ({ kind: 'not', of: { kind: 'ids', ids } }));
  const predicates = [...(base?.predicates ?? []), ...without];
  let program: MaskProgram | null = null;
  return {
    predicate: predicates.length === 1 ? predicates[0]! : { kind: 'and', of: predicates },
    // Only scoring and explaining need it; an answer from the cache goes by the mask.
    get program() {
      program ??= compileMask(predicates, snapshot);
      return program;
    },
    predicates,
    mask,
    passing,
    parts: [...parts, ...personal.map((part) => part.rule)],
    dropped: Uint32Array.from(dropped),
    key: null,
  };
}
