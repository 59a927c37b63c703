import { dayOrTime } from '../std/day.ts';
import type { FieldValue } from './document.ts';
import type { FacetCount } from './search-response.ts';
import type { TableSnapshot } from './table-snapshot.ts';

/** The document's facets as the wire shows them; a facet without values is left out. */
export function facetsOf(table: TableSnapshot, row: number): Record<string, string[]> {
  const facets: Record<string, string[]> = {};
  const start = table.facetStarts[row]!;
  for (let i = start; i < start + table.facetCounts[row]!; i++) {
    const code = table.facetValues[i]!;
    const facet = table.dictionary.facetOf(code);
    facets[facet] ??= [];
    facets[facet].push(table.dictionary.valueOf(code));
  }
  return facets;
}

/** The document's fields as the wire shows them; missing ones are left out. */
export function fieldsOf(table: TableSnapshot, row: number): Record<string, FieldValue> {
  const fields: Record<string, FieldValue> = {};
  for (const name of Object.keys(table.schema.fields)) {
    const value = fieldOf(table, row, name);
    if (value !== null) fields[name] = value;
  }
  return fields;
}

/** One field of the document as the wire shows it; null where it, or the field itself, is missing. */
export function fieldOf(table: TableSnapshot, row: number, name: string): FieldValue | null {
  const { fields } = table.schema;
  const index = Object.keys(fields).indexOf(name);
  if (index < 0) return null;
  const value = table.fields[index]![row]!;
  if (Number.isNaN(value)) return null;
  switch (fields[name]!.type) {
    case 'number':
      return value;
    case 'flag':
      return value === 1;
    case 'keyword':
      return table.dictionary.valueOf(value);
    case 'date':
      return dayOrTime(value);
  }
}

/** The title of a live document, null where the id is not in the epoch. */
export function titleIn(table: TableSnapshot, id: string): string | null {
  const row = table.rowOf(id);
  return row < 0 ? null : table.titleOf(row);
}

/**
 * How many passing documents have each value of each facet: the number that `total` becomes when that value is added
 * to the filter. At most `valuesMax` values a facet, most frequent first, then by value.
 */
export function countFacets(
  table: TableSnapshot,
  mask: Uint8Array,
  valuesMax: number,
): Record<string, FacetCount[]> {
  const counts = new Uint32Array(table.dictionary.size);
  for (let row = 0; row < table.rowCount; row++) {
    if (mask[row] === 0) continue;
    const start = table.facetStarts[row]!;
    for (let i = start; i < start + table.facetCounts[row]!; i++) counts[table.facetValues[i]!]!++;
  }
  const facets: Record<string, FacetCount[]> = Object.fromEntries(
    table.schema.facets.map((facet) => [facet, []]),
  );
  for (let code = 0; code < counts.length; code++) {
    if (counts[code] === 0) continue;
    // Keyword fields share the dictionary but are not facets; no row lists them, so they are never counted.
    facets[table.dictionary.facetOf(code)]!.push({
      value: table.dictionary.valueOf(code),
      count: counts[code]!,
    });
  }
  for (const facet of Object.keys(facets)) {
    facets[facet]!.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
    facets[facet] = facets[facet]!.slice(0, valuesMax);
  }
  return facets;
}
