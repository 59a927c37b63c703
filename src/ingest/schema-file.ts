import { z } from 'zod';
import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import { catalogueSchemaOf, commonSchemaShape, embeddingSpaceShape, fieldShape } from '../wire/catalogue.ts';
import { parseJson } from '../wire/json.ts';
import { nameSchema } from '../wire/names.ts';
import { parseWith } from '../wire/problems.ts';
import { type MemberPath, parseMemberPath } from './member-path.ts';

const path = z
  .string()
  .max(limits.fieldStringCharsMax)
  .refine(
    (text) => parseMemberPath(text) !== null,
    'must be a path of member names such as stats.votes or list[].name',
  );

/** Paths that lead to one value at most: ids, titles, fields, vectors. */
const onePath = path.refine(
  (text) => !text.includes('[]'),
  'takes one value, so [] cannot stand in its path',
);

const paths = z.array(path).min(1).max(limits.facetsMax);

const fieldSchema = z
  .strictObject({
    ...fieldShape,
    from: onePath
      .optional()
      .meta({ description: "Where the value stands in a row; the field's name if left out." }),
    unit: z
      .enum(['days', 'seconds', 'milliseconds'])
      .optional()
      .meta({ description: 'Dates only: the row holds a number of these since 1970-01-01 instead of text.' }),
  })
  .refine((field) => field.unit === undefined || field.type === 'date', {
    path: ['unit'],
    message: 'belongs to date fields only',
  });

/**
 * A catalogue's schema file: the catalogue schema, and where its parts stand in a row. `from` is a path of member
 * names (`stats.votes`, `genres[].name`); left out it is the facet's or field's own name.
 */
export const schemaFileSchema = z
  .strictObject({
    ...commonSchemaShape,
    id: z
      .union([onePath, z.array(onePath).min(1).max(8)])
      .default('id')
      .meta({ description: 'One member is the id as it stands; several are joined into a slug.' }),
    title: onePath.default('title'),
    text: z
      .union([path, paths])
      .default('text')
      .meta({ description: 'One member or several, joined by blanks; may be missing in a row.' }),
    facets: z.record(nameSchema, z.strictObject({ from: path.optional() })).default({}),
    fields: z.record(nameSchema, fieldSchema).default({}),
    relations_from: path
      .optional()
      .meta({ description: 'Member with explicit relations: an array of {type, id, strength}.' }),
    embedding: z.strictObject({
      ...embeddingSpaceShape,
      from: onePath.optional().meta({
        description: 'Member with a vector: numbers, or {"b64": little-endian f32}. Without: embedded here.',
      }),
    }),
  })
  .meta({ description: 'Schema file of a catalogue' });

type WireSchemaFile = z.output<typeof schemaFileSchema>;
export type DateUnit = 'days' | 'seconds' | 'milliseconds';

/** Where the parts of a document stand in a row. */
export interface RowLayout {
  /** One: the id itself; several: joined into a slug. */
  readonly id: readonly MemberPath[];
  readonly title: MemberPath;
  readonly text: readonly MemberPath[];
  readonly facets: readonly { readonly name: string; readonly from: MemberPath }[];
  readonly fields: readonly {
    readonly name: string;
    readonly type: CatalogueSchema['fields'][string]['type'];
    readonly from: MemberPath;
    readonly unit: DateUnit | null;
  }[];
  readonly relations: MemberPath | null;
  readonly embedding: MemberPath | null;
}

export interface SchemaFile {
  readonly schema: CatalogueSchema;
  readonly layout: RowLayout;
}

/**
 * Parses the text of a schema file.
 * @throws TriptychError invalid_schema, with field paths
 */
export function parseSchemaFile(text: string): SchemaFile {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    if (!(error instanceof TriptychError)) throw error;
    const { fields } = error;
    throw new TriptychError('invalid_schema', `the schema file ${fields[0]?.message}`, {
      fields,
      cause: error,
    });
  }
  return schemaFileOf(value);
}

/** The same for a value that `parseJson` gave. @throws TriptychError invalid_schema, with field paths */
export function schemaFileOf(value: unknown): SchemaFile {
  const file = parseWith(schemaFileSchema, value, 'invalid_schema');
  const { name, fields, scales, popularity, recency, relations, language } = file;
  const { from: _from, ...embedding } = file.embedding;
  const facets = Object.keys(file.facets);
  const shape = { name, facets, fields, scales, embedding, popularity, recency, relations, language };
  return { schema: catalogueSchemaOf(shape), layout: layoutOf(file) };
}

function layoutOf(file: WireSchemaFile): RowLayout {
  return {
    id: listOf(file.id).map(toPath),
    title: toPath(file.title),
    text: listOf(file.text).map(toPath),
    facets: Object.entries(file.facets).map(([name, { from }]) => ({ name, from: toPath(from ?? name) })),
    fields: Object.entries(file.fields).map(([name, { type, from, unit }]) => ({
      name,
      type,
      from: toPath(from ?? name),
      unit: unit ?? null,
    })),
    relations: file.relations_from === undefined ? null : toPath(file.relations_from),
    embedding: file.embedding.from === undefined ? null : toPath(file.embedding.from),
  };
}

function listOf(value: string | string[]): string[] {
  return typeof value === 'string' ? [value] : value;
}

function toPath(text: string): MemberPath {
  const parsed = parseMemberPath(text);
  if (parsed === null) throw new Error(`the schema let the path ${JSON.stringify(text)} through`);
  return parsed;
}
