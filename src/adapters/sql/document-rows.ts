import type { CatalogueSchema } from '../../domain/catalogue-schema.ts';
import type { FieldValue, StoredDocument, StoredEmbedding } from '../../domain/document.ts';
import { unpackVector } from './embedding-bytes.ts';
import { type SqlRow, textCell } from './sql-client.ts';

interface StoredBody {
  readonly facets: Record<string, string[]>;
  readonly fields: Record<string, FieldValue>;
}

/** A document from the columns of `documentColumns`, starting at `first`. */
export function documentOfRow(row: SqlRow, first = 0): StoredDocument {
  const body = JSON.parse(textCell(row, first + 4)) as StoredBody;
  const relations = row[first + 6];
  return {
    id: textCell(row, first),
    version: Number(textCell(row, first + 1)),
    title: textCell(row, first + 2),
    text: textCell(row, first + 3),
    facets: body.facets,
    fields: body.fields,
    embedding: vectorCell(row, first + 5),
    relations: typeof relations === 'string' ? relationsOf(relations) : [],
  };
}

/** From the columns (id, version, embedding). */
export function embeddingOfRow(row: SqlRow): StoredEmbedding {
  return { id: textCell(row, 0), version: Number(textCell(row, 1)), embedding: vectorCell(row, 2) };
}

function vectorCell(row: SqlRow, at: number): Float32Array {
  const stored = row[at];
  if (!(stored instanceof Uint8Array)) throw new TypeError('the embedding column holds no bytes');
  return unpackVector(stored);
}

function relationsOf(json: string): StoredDocument['relations'] {
  return (JSON.parse(json) as [string, string, number][]).map(([type, id, strength]) => ({
    type,
    id,
    strength,
  }));
}

/** A stored catalogue schema; it was checked before it was stored. One without a tier is from before there were any. */
export function schemaOfCell(json: string): CatalogueSchema {
  const schema = JSON.parse(json) as CatalogueSchema;
  if ('tier' in schema.embedding) return schema;
  return { ...schema, embedding: Object.assign({ tier: 'f32' as const }, schema.embedding) };
}
