import { changedId, type DocumentChange, type StoredDocument } from '../../domain/document.ts';
import { dateToMs } from '../../domain/predicate.ts';
import { vectorProblem } from '../../domain/vector-check.ts';
import { type FieldProblem, TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { CollectionLayout, FieldColumn } from './collection-layout.ts';
import { rowKey } from './names.ts';

export type Cell = string | number | boolean | readonly string[];

/** A row without its vector. */
export type Row = Readonly<Record<string, Cell>>;

/** What a batch comes to: rows with their vectors one after another, and keys of rows to delete. */
export interface RowBatch {
  readonly rows: readonly Row[];
  readonly vectors: Float32Array;
  readonly deletions: readonly string[];
}

/**
 * Rows of a tenant's changes. Of changes of one document the last counts: Milvus keeps both, or refuses the batch.
 * @throws TriptychError invalid_document with the change's place: a row of another length would move the vectors of all
 * that come after it, and what is not finite has brought servers down
 */
export function rowsOf(
  layout: CollectionLayout,
  tenant: string,
  changes: readonly DocumentChange[],
): RowBatch {
  checkVectors(layout, changes);
  const last = new Map<string, DocumentChange>();
  for (const change of changes) last.set(rowKey(tenant, changedId(change)), change);
  const rows: Row[] = [];
  const embeddings: Float32Array[] = [];
  const deletions: string[] = [];
  for (const [pk, change] of last) {
    if (change.kind === 'delete') deletions.push(pk);
    else {
      rows.push(rowOf(layout, tenant, pk, change.document));
      embeddings.push(change.document.embedding);
    }
  }
  const vectors = new Float32Array(rows.length * layout.dimension);
  for (const [i, embedding] of embeddings.entries()) vectors.set(embedding, i * layout.dimension);
  return { rows, vectors, deletions };
}

function checkVectors({ dimension }: CollectionLayout, changes: readonly DocumentChange[]): void {
  const fields: FieldProblem[] = [];
  for (const [i, change] of changes.entries()) {
    if (change.kind === 'delete') continue;
    const problem = vectorProblem(change.document.embedding, dimension);
    if (problem !== null) fields.push({ path: `changes[${i}].embedding`, message: problem.message });
    if (fields.length >= limits.errorFieldsMax) break;
  }
  if (fields.length > 0)
    throw new TriptychError('invalid_document', `${fields[0]!.path} ${fields[0]!.message}`, { fields });
}

function rowOf(layout: CollectionLayout, tenant: string, pk: string, document: StoredDocument): Row {
  const row: Record<string, Cell> = { pk, tenant, id: document.id, version: document.version };
  for (const [name, { column }] of layout.facets)
    row[column] = (Object.hasOwn(document.facets, name) && document.facets[name]) || [];
  for (const [name, field] of layout.fields) {
    const value = cellOf(field, Object.hasOwn(document.fields, name) ? document.fields[name] : undefined);
    row[field.present] = value !== null;
    row[field.column] = value ?? missing[field.kind];
  }
  return row;
}

/** What stands where there is no value; the flag beside it keeps it from being looked at. */
const missing = { number: 0, date: 0, keyword: '', flag: false } as const;

/** null: none that the field's kind can have. */
function cellOf({ kind }: FieldColumn, value: string | number | boolean | undefined): Cell | null {
  switch (kind) {
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? value : null;
    case 'date': {
      const ms = dateToMs(String(value));
      return Number.isNaN(ms) ? null : ms;
    }
    case 'keyword':
      return typeof value === 'string' ? value : null;
    case 'flag':
      return typeof value === 'boolean' ? value : null;
  }
}
