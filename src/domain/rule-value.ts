import type { FieldValue } from './document.ts';
import { facetsOf, fieldOf } from './row-view.ts';
import type { Rule } from './rule.ts';
import type { TableSnapshot } from './table-snapshot.ts';

/**
 * The value of a document that a rule looks at, as the wire shows it: the values of its facet, the value of its field,
 * or the id where the rule names documents. null where the document, or the schema, does not have it.
 */
export function valueFor(
  rule: Rule,
  table: TableSnapshot,
  row: number,
): readonly string[] | FieldValue | null {
  if ('facet' in rule) {
    const facets = facetsOf(table, row);
    return Object.hasOwn(facets, rule.facet) ? facets[rule.facet]! : null;
  }
  return 'field' in rule ? fieldOf(table, row, rule.field) : table.idOf(row);
}
