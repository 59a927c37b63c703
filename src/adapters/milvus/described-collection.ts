import type { DescribeCollectionResponse } from '@zilliz/milvus2-sdk-node';
import type { CatalogueSchema } from '../../domain/catalogue-schema.ts';
import type { StoredDocument } from '../../domain/document.ts';
import { type CollectionLayout, layoutOfColumns } from './collection-layout.ts';
import { type IndexKind, indexKinds } from './index-parameters.ts';

/** By what a catalogue's documents are divided over collections. */
export interface Division {
  readonly kind: 'facet' | 'field';
  readonly name: string;
}

/**
 * A collection as it is on the server. What was chosen when it was made holds for as long as it lives: settings that
 * change later count for the next generation.
 */
export interface DescribedCollection {
  /** Its own name, also where it was asked for by an alias. */
  readonly name: string;
  readonly layout: CollectionLayout;
  readonly index: IndexKind;
  readonly division: Division | null;
  readonly aliases: readonly string[];
}

/** What is written in a collection's description: what its columns do not say. */
export function descriptionOf(name: string, index: IndexKind, division: Division | null): string {
  const divided = division === null ? '-' : `${division.kind}:${division.name}`;
  return `${name} index=${index} divided=${divided}`;
}

const descriptionPattern = new RegExp(
  `^(\\S+) index=(${indexKinds.join('|')}) divided=(?:-|(facet|field):(\\S+))$`,
);

/** @returns null for a collection that is not one of ours */
export function described(answer: DescribeCollectionResponse): DescribedCollection | null {
  const { schema, aliases } = answer;
  const parts = descriptionPattern.exec(schema.description ?? '');
  if (parts === null) return null;
  const vector = schema.fields.find(({ name }) => name === 'embedding');
  const dimension = Number(vector?.type_params.find(({ key }) => key === 'dim')?.value ?? Number.NaN);
  if (!(dimension > 0)) return null;
  const [, name, index, kind, by] = parts;
  return {
    name: name!,
    index: index as IndexKind,
    layout: layoutOfColumns(
      schema.fields.map((field) => ({ name: field.name, description: field.description ?? '' })),
      dimension,
    ),
    division: kind === undefined ? null : { kind: kind as Division['kind'], name: by! },
    aliases,
  };
}

/** The facet or keyword field of that name; null: the schema has none. */
export function divisionOf(schema: CatalogueSchema, name: string): Division | null {
  if (schema.facets.includes(name)) return { kind: 'facet', name };
  const field = Object.hasOwn(schema.fields, name) ? schema.fields[name] : undefined;
  return field?.type === 'keyword' ? { kind: 'field', name } : null;
}

/** The value by which a document has its place; null: it has none, and stays in the first collection. */
export function placeOf(division: Division, document: StoredDocument): string | null {
  const from = division.kind === 'facet' ? document.facets : document.fields;
  const value = Object.hasOwn(from, division.name) ? from[division.name] : undefined;
  if (Array.isArray(value)) return (value as readonly string[])[0] ?? null;
  return typeof value === 'string' ? value : null;
}
