import { z } from 'zod';
import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import { schemaProblems } from '../domain/schema-check.ts';
import { limits } from '../limits.ts';
import { components } from './components.ts';
import { nameSchema } from './names.ts';
import { Problems, parseWith } from './problems.ts';

const fieldSchema = z.strictObject({
  type: z.enum(['number', 'date', 'keyword', 'flag']),
  scale: nameSchema.optional().meta({ description: 'Ordered scale of a keyword field.' }),
});

const embeddingSpaceSchema = z.strictObject({
  model: z.string().min(1).max(256).meta({ description: 'Name of the embedding space.' }),
  dimension: z.int().min(1).max(limits.dimensionMax),
  lo: z.number().min(-1).max(1).default(0).meta({ description: 'Cosine that counts as similarity 0.' }),
  hi: z.number().min(-1).max(1).default(1).meta({ description: 'Cosine that counts as similarity 1.' }),
  text: z
    .array(
      z
        .string()
        .regex(/^(title|text|(facets|fields)\..+)$/, 'must be title, text, facets.NAME or fields.NAME'),
    )
    .min(1)
    .max(limits.facetsMax)
    .default(['title', 'text'])
    .meta({ description: 'What is embedded, in this order.' }),
});

export const catalogueSchemaSchema = z
  .strictObject({
    name: nameSchema,
    facets: z.array(nameSchema).max(limits.facetsMax).default([]),
    fields: z.record(nameSchema, fieldSchema).default({}),
    scales: z
      .record(
        nameSchema,
        z.array(z.string().min(1).max(limits.fieldStringCharsMax)).min(1).max(limits.scaleValuesMax),
      )
      .default({})
      .meta({ description: 'Ordered values of keyword fields, lowest first.' }),
    embedding: embeddingSpaceSchema,
    popularity: nameSchema.nullable().default(null).meta({ description: 'Number field.' }),
    recency: z
      .strictObject({ field: nameSchema, reference: z.enum(['now', 'newest_document']).default('now') })
      .nullable()
      .default(null),
    relations: z
      .array(z.strictObject({ type: nameSchema, facet: nameSchema, strength: z.number().min(0).max(1) }))
      .max(limits.derivedRelationsMax)
      .default([])
      .meta({ description: 'Documents that share a rare value of the facet are related.' }),
    language: z.enum(['en', 'none']).default('none'),
  })
  .meta({
    description: "What a catalogue's documents look like.",
    examples: [
      {
        name: 'films',
        facets: ['genres', 'directors'],
        fields: {
          released: { type: 'date' },
          votes: { type: 'number' },
          mpaa: { type: 'keyword', scale: 'mpaa' },
        },
        scales: { mpaa: ['G', 'PG', 'PG-13', 'R'] },
        embedding: {
          model: 'use-lite',
          dimension: 512,
          lo: 0.1,
          hi: 0.8,
          text: ['title', 'facets.genres', 'text'],
        },
        popularity: 'votes',
        recency: { field: 'released', reference: 'newest_document' },
        relations: [{ type: 'SAME_DIRECTOR', facet: 'directors', strength: 0.8 }],
        language: 'en',
      },
    ],
  })
  .register(components, { id: 'CatalogueSchema' });

export type WireCatalogueSchema = z.input<typeof catalogueSchemaSchema>;

/**
 * Checks a catalogue schema, also for references between its parts.
 * @throws TriptychError invalid_schema, with field paths
 */
export function parseCatalogueSchema(input: unknown): CatalogueSchema {
  const wire = parseWith(catalogueSchemaSchema, input, 'invalid_schema');
  const schema: CatalogueSchema = {
    ...wire,
    fields: mapValues(wire.fields, ({ type, scale }) => (scale === undefined ? { type } : { type, scale })),
    scales: mapValues(wire.scales, (values) => values.map((value) => value.normalize('NFC'))),
  };
  const problems = new Problems();
  for (const { path, message } of schemaProblems(schema)) problems.add('invalid_schema', path, message);
  problems.throwIfAny();
  return schema;
}

/** A schema as the wire writes it: what a PUT of it would set. */
export function catalogueSchemaToWire(schema: CatalogueSchema): z.output<typeof catalogueSchemaSchema> {
  return {
    name: schema.name,
    facets: [...schema.facets],
    fields: mapValues(schema.fields, ({ type, scale }) => (scale === undefined ? { type } : { type, scale })),
    scales: mapValues(schema.scales, (values) => [...values]),
    embedding: { ...schema.embedding, text: [...schema.embedding.text] },
    popularity: schema.popularity,
    recency: schema.recency === null ? null : { ...schema.recency },
    relations: schema.relations.map(({ type, facet, strength }) => ({ type, facet, strength })),
    language: schema.language,
  };
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
