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
  for (const [i, [name, { type }]] of Object.entries(table.schema.fields).entries()) {
    const value = table.fields[i]![row]!;
    if (Number.isNaN(value)) continue;
    switch (type) {
      case 'number':
        fields[name] = value;
        break;
      case 'flag':
        fields[name] = value === 1;
        break;
      case 'keyword':
        fields[name] = table.dictionary.valueOf(value);
        break;
      case 'date':
        fields[name] = isoDate(value);
        break;
    }
  }
  return fields;
}

/** The title of a live document, null where the id is not in the epoch. */
export function titleIn(table: TableSnapshot, id: string): string | null {
  const row = table.rowOf(id);
  return row < 0 ? null : table.titleOf(row);
}

/** ISO 8601: the day alone where the time is midnight UTC. */
function isoDate(ms: number): string {
  const text = new Date(ms).toISOString();
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, text.indexOf('T')) : text;
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
