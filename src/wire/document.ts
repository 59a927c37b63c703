import { z } from 'zod';
import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { Document, DocumentBody, FieldValue, StoredDocument } from '../domain/document.ts';
import { documentProblems } from '../domain/document-check.ts';
import { limits } from '../limits.ts';
import { vectorToBase64 } from '../std/vector-base64.ts';
import { components } from './components.ts';
import { embeddingSchema, parseEmbedding } from './embedding.ts';
import { idSchema } from './names.ts';
import { jsonPath, Problems, parseWith } from './problems.ts';

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
  title: z.string().min(1).max(limits.titleCharsMax).regex(/\S/, 'must not be blank'),
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

/** A checked document; `embedding: null` asks the service to embed it. */
export type ParsedDocument = Omit<Document, 'embedding'> & { readonly embedding: Float32Array | null };

/**
 * Checks a document against the catalogue's schema. Texts become NFC, repeated facet values are dropped.
 * @throws TriptychError invalid_document | unknown_field | wrong_dimension, with field paths
 */
export function parseDocument(input: unknown, schema: CatalogueSchema): ParsedDocument {
  const { id, ...body } = parseWith(documentSchema, input, 'invalid_document');
  return checkDocument(id, body, schema);
}

/** As parseDocument, with the id from elsewhere (the path of a PUT). */
export function parseDocumentBody(id: string, input: unknown, schema: CatalogueSchema): ParsedDocument {
  return checkDocument(id, parseWith(documentBodySchema, input, 'invalid_document'), schema);
}

/** The shape is right already; what is left are names, which have codes of their own, and the domain's rules. */
function checkDocument(
  id: string,
  body: z.output<typeof documentBodySchema>,
  schema: CatalogueSchema,
): ParsedDocument {
  const problems = new Problems();
  const facets = knownOnly('facets', body.facets, (name) => schema.facets.includes(name), problems);
  const fields = knownOnly('fields', body.fields, (name) => Object.hasOwn(schema.fields, name), problems);
  const parsed: DocumentBody = {
    title: body.title.normalize('NFC'),
    text: body.text.normalize('NFC'),
    facets: Object.fromEntries(facets.map(([name, values]) => [name, distinctNfc(values)])),
    fields: Object.fromEntries(fields.map(([name, value]) => [name, nfc(value)])),
    relations: body.relations,
  };
  checkRelations(id, body.relations, problems);
  for (const { path, message } of documentProblems(schema, { id, ...parsed, embedding: null }))
    problems.add('invalid_document', path, message);
  const embedding =
    body.embedding === undefined
      ? null
      : parseEmbedding(body.embedding, schema.embedding.dimension, 'embedding', problems);
  problems.throwIfAny();
  return { id, ...parsed, embedding };
}

function knownOnly<T>(
  member: 'facets' | 'fields',
  values: Readonly<Record<string, T>>,
  isKnown: (name: string) => boolean,
  problems: Problems,
): [string, T][] {
  return Object.entries(values).filter(([name]) => {
    if (!isKnown(name))
      problems.add('unknown_field', jsonPath([member, name]), 'is not in the catalogue schema');
    return isKnown(name);
  });
}

function distinctNfc(values: readonly string[]): string[] {
  return [...new Set(values.map((value) => value.normalize('NFC')))];
}

function nfc(value: FieldValue): FieldValue {
  return typeof value === 'string' ? value.normalize('NFC') : value;
}

/** A relation is one fact: the same type to the same document twice would leave open which strength counts. */
function checkRelations(
  id: string,
  relations: readonly { readonly type: string; readonly id: string }[],
  problems: Problems,
): void {
  const seen = new Map<string, number>();
  for (const [index, relation] of relations.entries()) {
    const path = `relations[${index}]`;
    if (relation.id === id) problems.add('invalid_document', `${path}.id`, 'is the document itself');
    if (relation.type === 'SIMILAR_TO')
      problems.add('invalid_document', `${path}.type`, 'is computed by the service and cannot be given');
    const key = `${relation.type}\0${relation.id}`;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, index);
    else problems.add('invalid_document', path, `repeats relations[${first}]`);
  }
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
  return {
    id: document.id,
    version: document.version,
    title: document.title,
    text: document.text,
    facets: Object.fromEntries(Object.entries(document.facets).map(([name, values]) => [name, [...values]])),
    fields: { ...document.fields },
    relations: document.relations.map(({ type, id, strength }) => ({ type, id, strength })),
    ...(withEmbedding && { embedding: { b64: vectorToBase64(document.embedding) } }),
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
    version: z.int().min(0).meta({ description: 'Counts the writes of this id.' }),
    searchable: z.boolean().meta({ description: 'Whether searches see the write already.' }),
    request_id: z.string(),
  })
  .meta({ examples: [{ id: 'the-iron-giant-1999-08-04', version: 2, searchable: false, request_id: 'r-1' }] })
  .register(components, { id: 'WriteAck' });
