import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StoredDocument } from '../../src/domain/document.ts';
import { ResidentTable } from '../../src/domain/resident-table.ts';
import type { SoftRule } from '../../src/domain/rule.ts';
import { softRulesColumn, softRulesOf } from '../../src/domain/soft-rules.ts';
import { documentsArbitrary, testSchema } from '../support/arbitraries.ts';
import { softRuleArbitrary } from '../support/rule-arbitraries.ts';

/** The rules that apply to the document as it was written, with what each adds. */
function plainly(rules: readonly SoftRule[], document: StoredDocument): { index: number; by: number }[] {
  const facets: Record<string, readonly string[]> = document.facets;
  return rules.flatMap(({ kind, facet, values, by }, index) => {
    const applies = (facets[facet] ?? []).some((value) => values.includes(value));
    return applies ? [{ index, by: kind === 'boost' ? by : -by }] : [];
  });
}

describe('soft rules', () => {
  it('add up as the documents were written, in their order, within half a point', () => {
    const rules = fc.array(softRuleArbitrary, { maxLength: 8 });
    fc.assert(
      fc.property(documentsArbitrary, rules, (documents, some) => {
        const table = new ResidentTable(testSchema, 1);
        table.apply(documents.map((document) => ({ kind: 'put', document })));
        const snapshot = table.publish();
        const rows = Uint32Array.from(documents, ({ id }) => snapshot.rowOf(id));
        const column = softRulesColumn(some, snapshot, rows);
        documents.forEach((document, i) => {
          const applied = plainly(some, document);
          const sum = applied.reduce((total, { by }) => total + by, 0);
          const clamped = sum > 0.5 ? 0.5 : sum < -0.5 ? -0.5 : sum;
          expect(column[i]).toBe(some.length === 0 ? Number.NaN : Math.fround(clamped));
          expect(softRulesOf(some, snapshot, rows[i]!)).toEqual(applied);
        });
      }),
      { numRuns: 2_000 },
    );
  });
});
