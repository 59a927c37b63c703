import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FieldValue, StoredDocument } from '../../src/domain/document.ts';
import { compileMask } from '../../src/domain/mask-compiler.ts';
import { firstFailingRule, maskRows } from '../../src/domain/mask-program.ts';
import { matches } from '../../src/domain/predicate.ts';
import { ResidentTable } from '../../src/domain/resident-table.ts';
import type { HardRule } from '../../src/domain/rule.ts';
import { type RuleFacts, rulePredicate } from '../../src/domain/rule-predicate.ts';
import { valueFor } from '../../src/domain/rule-value.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import { documentsArbitrary, idArbitrary, testSchema } from '../support/arbitraries.ts';
import { dayMs, hardRuleArbitrary, nowArbitrary } from '../support/rule-arbitraries.ts';

const factsArbitrary: fc.Arbitrary<RuleFacts> = fc.record({
  nowMs: nowArbitrary,
  seen: fc.option(fc.array(idArbitrary, { maxLength: 8 })),
});

function tableOf(documents: readonly StoredDocument[]): TableSnapshot {
  const table = new ResidentTable(testSchema, 1);
  table.apply(documents.map((document) => ({ kind: 'put', document })));
  return table.publish();
}

const ranking = ['G', 'PG', 'PG-13', 'R'];

/** The rule as docs and wire say it, on the document as it was written; null where the document lacks the value. */
function plainly(rule: HardRule, document: StoredDocument, facts: RuleFacts): boolean | null {
  const facets: Record<string, readonly string[] | undefined> = document.facets;
  const { year, released, mpaa } = document.fields;
  const number = (field: string): number | null => {
    if (field === 'year') return (year as number | undefined) ?? null;
    return field === 'released' && released !== undefined ? new Date(released as string).getTime() : null;
  };
  switch (rule.kind) {
    case 'exclude':
      return !rule.values.some((value) => facets[rule.facet]?.includes(value));
    case 'require': {
      const own = facets[rule.facet] ?? [];
      if (own.length === 0) return null;
      const found = rule.values.filter((value) => own.includes(value)).length;
      return rule.match === 'any' ? found > 0 : found === rule.values.length;
    }
    case 'range': {
      const value = number(rule.field);
      if (value === null) return null;
      const { gte, gt, lte, lt } = rule;
      return !(value < gte! || value <= gt! || value > lte! || value >= lt!);
    }
    case 'idsOnly':
      return rule.ids.indexOf(document.id) >= 0;
    case 'idsExclude':
      return rule.ids.indexOf(document.id) < 0;
    case 'hideSeen':
      return facts.seen === null || facts.seen.indexOf(document.id) < 0;
    case 'maxRating': {
      const highest = ranking.indexOf(rule.value);
      const own = ranking.indexOf(String(mpaa));
      return rule.field !== 'mpaa' || highest < 0 || own < 0 ? null : own <= highest;
    }
    case 'freshness': {
      const at = rule.field === 'released' ? number('released') : null;
      return at === null ? null : facts.nowMs - at <= rule.maxAgeDays * dayMs;
    }
  }
}

function passes(rule: HardRule, document: StoredDocument, facts: RuleFacts): boolean {
  return plainly(rule, document, facts) ?? ('missing' in rule && rule.missing === 'keep');
}

/** What the document that was written has for the rule to look at. */
function written(rule: HardRule, document: StoredDocument): readonly string[] | FieldValue | null {
  if ('field' in rule) return document.fields[rule.field] ?? null;
  if (!('facet' in rule)) return document.id;
  const facets: Record<string, readonly string[]> = document.facets;
  return facets[rule.facet]?.length ? facets[rule.facet]! : null;
}

/** Values of a facet have no order, and a time can be written in several ways. */
function comparable(rule: HardRule, value: readonly string[] | FieldValue | null): unknown {
  if (typeof value === 'object') return value === null ? null : [...value].sort();
  return 'field' in rule && rule.field === 'released' ? Date.parse(String(value)) : value;
}

describe('hard rules as predicates', () => {
  it('let exactly those documents pass that the rules read plainly do', () => {
    fc.assert(
      fc.property(documentsArbitrary, hardRuleArbitrary, factsArbitrary, (documents, rule, facts) => {
        const table = tableOf(documents);
        const made = rulePredicate(rule, testSchema, facts);
        expect(made === null).toBe(rule.kind === 'hideSeen' && facts.seen === null);
        const predicates = made === null ? [] : [made.predicate];
        const { mask, passing, dropped } = maskRows(compileMask(predicates, table), table);
        const expected = documents.filter((document) => passes(rule, document, facts));
        const got = documents.filter((document) => mask[table.rowOf(document.id)] === 1);
        expect(got).toEqual(expected);
        expect(passing).toBe(expected.length);
        expect([...dropped]).toEqual(predicates.map(() => documents.length - passing));
        for (const predicate of predicates)
          for (const document of documents)
            expect(matches(testSchema, document, predicate)).toBe(mask[table.rowOf(document.id)] === 1);
      }),
      { numRuns: 6_000 },
    );
  });

  it('drop by the first rule that fails, and the drops of all rules are counted', () => {
    fc.assert(
      fc.property(
        documentsArbitrary,
        fc.array(hardRuleArbitrary, { maxLength: 6 }),
        factsArbitrary,
        (documents, rules, facts) => {
          const table = tableOf(documents);
          const said = rules.filter((rule) => rulePredicate(rule, testSchema, facts) !== null);
          const program = compileMask(
            said.map((rule) => rulePredicate(rule, testSchema, facts)!.predicate),
            table,
          );
          const drops = said.map(() => 0);
          for (const document of documents) {
            const first = said.findIndex((rule) => !passes(rule, document, facts));
            if (first >= 0) drops[first]! += 1;
            expect(firstFailingRule(program, table, table.rowOf(document.id))).toBe(first);
          }
          expect([...maskRows(program, table).dropped]).toEqual(drops);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('never let more documents pass when a rule is added', () => {
    const rules = fc.array(hardRuleArbitrary, { maxLength: 5 });
    fc.assert(
      fc.property(
        documentsArbitrary,
        rules,
        hardRuleArbitrary,
        factsArbitrary,
        (documents, some, added, facts) => {
          const table = tableOf(documents);
          const maskOf = (all: readonly HardRule[]) => {
            const made = all.flatMap((rule) => rulePredicate(rule, testSchema, facts) ?? []);
            return maskRows(
              compileMask(
                made.map(({ predicate }) => predicate),
                table,
              ),
              table,
            ).mask;
          };
          const before = maskOf(some);
          const after = maskOf([...some, added]);
          expect(after.some((passing, row) => passing > before[row]!)).toBe(false);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('look at a value that the document has as it was written', () => {
    fc.assert(
      fc.property(documentsArbitrary, hardRuleArbitrary, (documents, rule) => {
        const table = tableOf(documents);
        for (const document of documents) {
          const value = valueFor(rule, table, table.rowOf(document.id));
          expect(comparable(rule, value)).toEqual(comparable(rule, written(rule, document)));
        }
      }),
      { numRuns: 500 },
    );
  });
});
