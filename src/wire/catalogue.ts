import { z } from 'zod';
import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import { requireValidSchema } from '../domain/schema-check.ts';
import { vectorTiers } from '../domain/vector-rows.ts';
import { limits } from '../limits.ts';
import { mapValues } from '../std/map-values.ts';
import { components } from './components.ts';
import { nameSchema } from './names.ts';
import { parseWith } from './problems.ts';

/** A field's members; a schema file adds where the value stands in a row. */
export const fieldShape = {
  type: z.enum(['number', 'date', 'keyword', 'flag']),
  scale: nameSchema.optional().meta({ description: 'Ordered scale of a keyword field.' }),
};

/** An embedding space's members; a schema file adds where a row's vector stands. */
export const embeddingSpaceShape = {
  model: z.string().min(1).max(limits.idCharsMax).meta({ description: 'Name of the embedding space.' }),
  dimension: z.int().min(1).max(limits.dimensionMax),
  tier: z.enum(vectorTiers).default('f32').meta({
    description:
      'How vectors are held in memory: 4, 2 or 1 bytes a number. Less memory and faster scoring against rounded cosines.',
  }),
  lo: z.number().min(-1).max(1).default(0).meta({ description: 'Cosine that counts as similarity 0.' }),
  hi: z.number().min(-1).max(1).default(1).meta({ description: 'Cosine that counts as similarity 1.' }),
  text: z
    .array(z.string())
    .min(1)
    .max(limits.facetsMax)
    .default(['title', 'text'])
    .meta({ description: 'What is embedded, in this order: title, text, facets.NAME or fields.NAME.' }),
};

/** The members that a catalogue schema and a schema file write alike. */
export const commonSchemaShape = {
  name: nameSchema,
  scales: z
    .record(
      nameSchema,
      z.array(z.string().min(1).max(limits.fieldStringCharsMax)).min(2).max(limits.scaleValuesMax),
    )
    .default({})
    .meta({ description: 'Ordered values of keyword fields, lowest first.' }),
  popularity: nameSchema.nullable().default(null).meta({ description: 'Number field.' }),
  recency: z
    .strictObject({ field: nameSchema, reference: z.enum(['now', 'newest_document']).default('now') })
    .nullable()
    .default(null),
  relations: z
    .array(z.strictObject({ type: nameSchema, facet: nameSchema, strength: z.number().min(0).max(1) }))
    .max(limits.derivedRelationsMax)
    .default([])
    .meta({ description: 'Derived: documents that share a rare value of the facet are related.' }),
  language: z.enum(['en', 'none']).default('none'),
};

const { name, scales, ...rest } = commonSchemaShape;

export const catalogueSchemaSchema = z
  .strictObject({
    name,
    facets: z.array(nameSchema).max(limits.facetsMax).default([]),
    fields: z.record(nameSchema, z.strictObject(fieldShape)).default({}),
    scales,
    embedding: z.strictObject(embeddingSpaceShape),
    ...rest,
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
  return catalogueSchemaOf(parseWith(catalogueSchemaSchema, input, 'invalid_schema'));
}

/** The domain's schema of one that has the right shape. @throws TriptychError invalid_schema, with field paths */
export function catalogueSchemaOf(wire: z.output<typeof catalogueSchemaSchema>): CatalogueSchema {
  const schema: CatalogueSchema = {
    ...wire,
    fields: mapValues(wire.fields, ({ type, scale }) => (scale === undefined ? { type } : { type, scale })),
    scales: mapValues(wire.scales, (values) => values.map((value) => value.normalize('NFC'))),
  };
  requireValidSchema(schema);
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
