/** A document of the catalogue as it is stored: what the wire sent, checked against the schema. */

/** A field's value in wire form: a number, a keyword, a flag, or a date as ISO 8601 text. */
export type FieldValue = number | string | boolean;

export interface Relation {
  readonly type: string;
  /** Id of the document that the relation points to; it need not exist (yet). */
  readonly id: string;
  /** 0..1 */
  readonly strength: number;
}

export interface DocumentBody {
  readonly title: string;
  readonly text: string;
  readonly facets: Readonly<Record<string, readonly string[]>>;
  readonly fields: Readonly<Record<string, FieldValue>>;
  readonly relations: readonly Relation[];
}

export interface Document extends DocumentBody {
  readonly id: string;
  /** Unit length, as long as the catalogue's dimension. */
  readonly embedding: Float32Array;
}

/** A document to write; without an embedding the service embeds the catalogue's text. */
export interface DocumentInput extends DocumentBody {
  readonly id: string;
  readonly embedding: Float32Array | null;
}

/** One step of a write, which is all done or not at all. */
export type BulkOperation =
  | { readonly kind: 'put'; readonly document: DocumentInput }
  | { readonly kind: 'delete'; readonly id: string };

export interface StoredDocument extends Document {
  /** Counts the writes of this id within its catalogue generation, from 1. */
  readonly version: number;
}

/** A version of a document, as far as scoring compares it. */
export type StoredEmbedding = Pick<StoredDocument, 'id' | 'version' | 'embedding'>;

/** A change of the truth, in commit order; projections follow these. */
export type DocumentChange =
  | { readonly kind: 'put'; readonly document: StoredDocument }
  | { readonly kind: 'delete'; readonly id: string; readonly version: number };

/** The document that a change of the truth, a write or a step of one is about. */
export function changedId(
  change:
    | { readonly kind: 'put'; readonly document: { readonly id: string } }
    | { readonly kind: 'delete'; readonly id: string },
): string {
  return change.kind === 'put' ? change.document.id : change.id;
}
