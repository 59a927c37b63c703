import type { CatalogueSchema, FieldType } from '../../domain/catalogue-schema.ts';
import { limits } from '../../limits.ts';
import { shortHash } from './names.ts';

/** A facet: an array of texts, empty where the document has none. */
export interface FacetColumn {
  readonly kind: 'facet';
  readonly column: string;
}

/** A field, and the flag beside it that says whether the document has a value: Milvus before 2.5 has no null. */
export interface FieldColumn {
  readonly kind: FieldType;
  readonly column: string;
  readonly present: string;
}

/**
 * How a catalogue's documents lie in a collection. Facets and fields have names of people's choice; the columns are
 * called `f0`, `v0`, ... and carry the name in their description.
 */
export interface CollectionLayout {
  readonly dimension: number;
  readonly facets: ReadonlyMap<string, FacetColumn>;
  readonly fields: ReadonlyMap<string, FieldColumn>;
  /** Facets and fields of the schema that found no place in the collection. */
  readonly leftOut: ReadonlySet<string>;
}

/** The columns that every collection has. */
export const fixedColumns = ['pk', 'tenant', 'id', 'version', 'embedding'] as const;

/** Facets first, as they need one column each, in the schema's order; then fields, of two columns. */
export function layoutOf(schema: CatalogueSchema): CollectionLayout {
  let room = limits.milvusFieldsMax - fixedColumns.length;
  const facets = new Map<string, FacetColumn>();
  const fields = new Map<string, FieldColumn>();
  const leftOut = new Set<string>();
  for (const name of schema.facets) {
    if (room >= 1) facets.set(name, { kind: 'facet', column: `f${facets.size}` });
    else leftOut.add(`facet ${name}`);
    room--;
  }
  for (const [name, { type }] of Object.entries(schema.fields)) {
    const at = fields.size;
    if (room >= 2) fields.set(name, { kind: type, column: `v${at}`, present: `h${at}` });
    else leftOut.add(`field ${name}`);
    room -= 2;
  }
  return { dimension: schema.embedding.dimension, facets, fields, leftOut };
}

/** Collections of equal fingerprints can hold each other's documents. */
export function fingerprintOf(schema: CatalogueSchema): string {
  const { model, dimension } = schema.embedding;
  const fields = Object.entries(schema.fields).map(([name, { type }]) => [name, type]);
  return shortHash(JSON.stringify([1, model, dimension, schema.facets, fields]), 16);
}

/** What a column's description says about it, to be read by `layoutOfColumns`. */
export function columnDescription(column: FacetColumn | FieldColumn, name: string): string {
  return `${column.kind} ${name}`;
}

/** The layout of a collection that is there: for writers who do not know the schema. */
export function layoutOfColumns(
  columns: readonly { readonly name: string; readonly description: string }[],
  dimension: number,
): CollectionLayout {
  const facets = new Map<string, FacetColumn>();
  const fields = new Map<string, FieldColumn>();
  for (const { name: column, description } of columns) {
    const [kind, name] = description.split(' ') as [FacetColumn['kind'] | FieldType | '', string?];
    if (name === undefined || kind === '') continue;
    if (kind === 'facet') facets.set(name, { kind, column });
    else fields.set(name, { kind, column, present: `h${column.slice(1)}` });
  }
  return { dimension, facets, fields, leftOut: new Set() };
}
