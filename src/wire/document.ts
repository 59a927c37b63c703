import { z } from 'zod';
import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { DocumentInput, FieldValue, StoredDocument } from '../domain/document.ts';
import { documentProblems } from '../domain/document-check.ts';
import { limits } from '../limits.ts';
import { distinctNfc } from '../std/distinct-nfc.ts';
import { mapValues } from '../std/map-values.ts';
import { vectorToBase64 } from '../std/vector-base64.ts';
import { components } from './components.ts';
import { embeddingSchema, parseEmbedding } from './embedding.ts';
import { idSchema } from './names.ts';
import { Problems, parseWith } from './problems.ts';

/**
 * Lengths and ranges stand here for readers of the API. What needs the catalogue, and what a pattern cannot say, is
 * checked by the domain, for whatever way a document comes in.
 */
const memberName = z.string().min(1).max(limits.nameCharsMax);

export const relationSchema = z.strictObject({
  type: z.string().min(1).max(limits.relationTypeCharsMax),
  id: idSchema,
  strength: z.number().min(0).max(1).default(1),
});

const facetsSchema = z.record(
  memberName,
  z.array(z.string().min(1).max(limits.facetValueCharsMax)).max(limits.facetValuesPerDocumentMax),
);

const fieldsSchema = z.record(
  memberName,
  z.union([z.number(), z.string().max(limits.fieldStringCharsMax), z.boolean()]),
);

const bodyShape = {
  title: z.string().min(1).max(limits.titleCharsMax),
  text: z.string().max(limits.textCharsMax).default(''),
  embedding: embeddingSchema
    .optional()
    .meta({ description: "Without it the service embeds the texts that the catalogue's schema names." }),
  facets: facetsSchema.default({}).meta({ description: 'Values by facet of the catalogue.' }),
  fields: fieldsSchema.default({}).meta({ description: 'Number, text, flag or ISO 8601 date by field.' }),
  relations: z.array(relationSchema).max(limits.relationsPerDocumentMax).default([]),
};

const example = {
  title: 'The Iron Giant',
  text: 'A boy befriends a giant robot that fell from space.',
  facets: { genres: ['Adventure', 'Animation'] },
  fields: { released: '1999-08-04', votes: 38791 },
  relations: [{ type: 'SEQUEL_OF', id: 'hogarth-1997-01-01', strength: 0.8 }],
};

/** Body of `PUT /v1/documents/{id}`. */
export const documentBodySchema = z
  .strictObject(bodyShape)
  .meta({ description: 'A document without its id.', examples: [example] })
  .register(components, { id: 'DocumentBody' });

/** A document with its id: a line of a bulk write, or of a file. */
export const documentSchema = z
  .strictObject({ id: idSchema, ...bodyShape })
  .meta({ description: 'A document.', examples: [{ id: 'the-iron-giant-1999-08-04', ...example }] })
  .register(components, { id: 'Document' });

export type WireDocument = z.input<typeof documentSchema>;

/**
 * Checks a document against the catalogue's schema. Texts become NFC, repeated facet values are dropped.
 * @throws TriptychError invalid_document | unknown_field | wrong_dimension, with field paths
 */
export function parseDocument(input: unknown, schema: CatalogueSchema): DocumentInput {
  const { id, ...body } = parseWith(documentSchema, input, 'invalid_document');
  return checkDocument(id, body, schema);
}

/** As parseDocument, with the id from elsewhere (the path of a PUT). */
export function parseDocumentBody(id: string, input: unknown, schema: CatalogueSchema): DocumentInput {
  return checkDocument(id, parseWith(documentBodySchema, input, 'invalid_document'), schema);
}

/** The shape is right already; what the values must be is the domain's to say. */
function checkDocument(
  id: string,
  body: z.output<typeof documentBodySchema>,
  schema: CatalogueSchema,
): DocumentInput {
  const document = {
    id,
    title: body.title.normalize('NFC'),
    text: body.text.normalize('NFC'),
    facets: mapValues(body.facets, distinctNfc),
    fields: mapValues(body.fields, nfc),
    relations: body.relations,
    embedding: null,
  };
  const problems = new Problems();
  for (const { code, path, message } of documentProblems(schema, document)) problems.add(code, path, message);
  const embedding =
    body.embedding === undefined
      ? null
      : parseEmbedding(body.embedding, schema.embedding.dimension, 'embedding', problems);
  problems.throwIfAny();
  return { ...document, embedding };
}

function nfc(value: FieldValue): FieldValue {
  return typeof value === 'string' ? value.normalize('NFC') : value;
}

/** A stored document as `GET` answers it. */
export const storedDocumentSchema = z
  .strictObject({
    id: z.string(),
    version: z.int().min(1),
    title: z.string(),
    text: z.string(),
    facets: z.record(z.string(), z.array(z.string())),
    fields: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
    relations: z.array(z.strictObject({ type: z.string(), id: z.string(), strength: z.number() })),
    embedding: z
      .strictObject({ b64: z.string() })
      .optional()
      .meta({ description: 'Only with `?include=embedding`; unit length.' }),
    request_id: z.string().optional(),
  })
  .register(components, { id: 'StoredDocument' });

export type WireStoredDocument = z.output<typeof storedDocumentSchema>;

export function storedDocumentToWire(document: StoredDocument, withEmbedding: boolean): WireStoredDocument {
  const embedding = withEmbedding ? document.embedding : null;
  return { ...documentToWire({ ...document, embedding }), version: document.version };
}

/** A document as a write sends it; without the embedding where it is null. */
export function documentToWire(document: DocumentInput): Omit<WireStoredDocument, 'version'> {
  return {
    id: document.id,
    title: document.title,
    text: document.text,
    facets: mapValues(document.facets, (values) => [...values]),
    fields: { ...document.fields },
    relations: document.relations.map(({ type, id, strength }) => ({ type, id, strength })),
    ...(document.embedding !== null && { embedding: { b64: vectorToBase64(document.embedding) } }),
  };
}

/** Page of `GET /v1/documents`. */
export const documentPageSchema = z
  .strictObject({
    documents: z.array(storedDocumentSchema),
    cursor: z.string().nullable().meta({ description: 'Where the next page starts; null at the end.' }),
    request_id: z.string(),
  })
  .register(components, { id: 'DocumentPage' });

/** Answer of `PUT` and `DELETE /v1/documents/{id}`. */
export const writeAckSchema = z
  .strictObject({
    id: z.string(),
    version: z.int().min(1).meta({ description: 'Counts the writes of this id.' }),
    searchable: z.boolean().meta({ description: 'Whether searches see the write already.' }),
    request_id: z.string(),
  })
  .meta({ examples: [{ id: 'the-iron-giant-1999-08-04', version: 2, searchable: false, request_id: 'r-1' }] })
  .register(components, { id: 'WriteAck' });
