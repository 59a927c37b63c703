import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileMask } from '../../src/domain/mask-compiler.ts';
import { firstFailingRule, maskRows } from '../../src/domain/mask-program.ts';
import { matches } from '../../src/domain/predicate.ts';
import { ResidentTable } from '../../src/domain/resident-table.ts';
import { countFacets, facetsOf, fieldsOf } from '../../src/domain/row-view.ts';
import { documentsArbitrary, predicateArbitrary, testSchema } from '../support/arbitraries.ts';
import { Random } from '../support/random.ts';
import { splitTable } from '../support/split-table.ts';

function tableOf(documents: Parameters<ResidentTable['apply']>[0]) {
  const table = new ResidentTable(testSchema, 1);
  table.apply(documents);
  table.publish();
  return table.current;
}

describe('compiled predicates', () => {
  it('pass exactly the documents that the plain evaluator passes', () => {
    fc.assert(
      fc.property(documentsArbitrary, predicateArbitrary, (documents, predicate) => {
        const table = tableOf(documents.map((document) => ({ kind: 'put', document })));
        const { mask, passing } = maskRows(compileMask([predicate], table), table);
        const expected = documents.filter((document) => matches(testSchema, document, predicate));
        const got = documents.filter((document) => mask[table.rowOf(document.id)] === 1);
        expect(got.map((document) => document.id)).toEqual(expected.map((document) => document.id));
        expect(passing).toBe(expected.length);
      }),
      { numRuns: 2_000 },
    );
  });

  it('name the first rule that a document fails', () => {
    fc.assert(
      fc.property(documentsArbitrary, fc.array(predicateArbitrary, { maxLength: 4 }), (documents, rules) => {
        const table = tableOf(documents.map((document) => ({ kind: 'put', document })));
        const program = compileMask(rules, table);
        for (const document of documents) {
          const expected = rules.findIndex((rule) => !matches(testSchema, document, rule));
          expect(firstFailingRule(program, table, table.rowOf(document.id))).toBe(expected);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('give a document in a transient block the answer that they give it in the table', () => {
    fc.assert(
      fc.property(
        documentsArbitrary,
        fc.array(predicateArbitrary, { maxLength: 4 }),
        fc.nat(),
        (documents, rules, salt) => {
          const table = tableOf(documents.map((document) => ({ kind: 'put', document })));
          const moved = new Random(`split ${salt}`);
          const { blocks, numbers, rowOf } = splitTable(moved, table, () => moved.next() < 0.5);
          const whole = compileMask(rules, table);
          const split = compileMask(rules, blocks.table, rowOf);
          for (const { id } of documents) {
            const row = table.rowOf(id);
            const number = numbers[row]!;
            const place = number - blocks.table.rowCount;
            const [block, at, firstRow] =
              place < 0
                ? ([blocks.table, number, 0] as const)
                : ([blocks.transient, place, blocks.table.rowCount] as const);
            expect(firstFailingRule(split, block, at, firstRow)).toBe(firstFailingRule(whole, table, row));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('count facets so that adding a value to the filter gives its count', () => {
    fc.assert(
      fc.property(documentsArbitrary, predicateArbitrary, (documents, predicate) => {
        const table = tableOf(documents.map((document) => ({ kind: 'put', document })));
        const { mask } = maskRows(compileMask([predicate], table), table);
        const counts = countFacets(table, mask, 100);
        for (const [facet, list] of Object.entries(counts))
          for (const { value, count } of list) {
            const narrowed = compileMask(
              [{ kind: 'and', of: [predicate, { kind: 'facet', facet, match: 'any', values: [value] }] }],
              table,
            );
            expect(maskRows(narrowed, table).passing).toBe(count);
          }
      }),
      { numRuns: 300 },
    );
  });

  it('decode rows to the facets and fields that were written', () => {
    fc.assert(
      fc.property(documentsArbitrary, (documents) => {
        const table = tableOf(documents.map((document) => ({ kind: 'put', document })));
        for (const document of documents) {
          const row = table.rowOf(document.id);
          const facets = Object.fromEntries(
            Object.entries(document.facets).flatMap(([name, list]) =>
              list.length === 0 ? [] : [[name, [...list].sort()]],
            ),
          );
          const got = facetsOf(table, row);
          for (const list of Object.values(got)) list.sort();
          expect(got).toEqual(facets);
          const fields = { ...document.fields };
          if (fields.released === '2010-06-15T12:00:00Z') fields.released = '2010-06-15T12:00:00.000Z';
          expect(fieldsOf(table, row)).toEqual(fields);
        }
      }),
      { numRuns: 200 },
    );
  });
});
