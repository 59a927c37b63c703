import type { Catalogue, CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { Document, DocumentChange, StoredDocument, StoredEmbedding } from '../domain/document.ts';

/** A position in the stream of changes, opaque to callers; compare only for equality. */
export type ChangeCursor = string;

export interface WriteAck {
  readonly id: string;
  readonly version: number;
}

export interface ChangePage {
  readonly changes: readonly DocumentChange[];
  readonly cursor: ChangeCursor;
  /** false: the cursor is older than the kept tombstones, start again from `null`. */
  readonly complete: boolean;
}

export type DocumentWrite =
  | { readonly kind: 'put'; readonly document: Document }
  | { readonly kind: 'delete'; readonly id: string };

/**
 * The only source of truth. A call that returned is committed and survives a crash.
 * `tenant` is part of every key; `generation` separates a catalogue being rebuilt from the live one.
 */
export interface DocumentStore {
  /** The live catalogue, or null before one was set. */
  catalogue(tenant: string): Promise<Catalogue | null>;

  /**
   * Sets the first schema (generation 1), or returns the present catalogue when the schema is equal.
   * @throws TriptychError catalogue_conflict when another schema is live
   */
  createCatalogue(tenant: string, schema: CatalogueSchema): Promise<Catalogue>;

  /** Opens (or finds again, after an interruption) the next generation, to be filled beside the live one. */
  stageCatalogue(tenant: string, schema: CatalogueSchema): Promise<Catalogue>;

  /** Makes a staged generation live. The old one is gone at once, its documents are deleted in the background. */
  activateCatalogue(tenant: string, generation: number): Promise<Catalogue>;

  /**
   * Applies the writes in order in one transaction; versions count per id. Deleting an unknown id gives version 0.
   */
  write(tenant: string, generation: number, writes: readonly DocumentWrite[]): Promise<WriteAck[]>;

  get(tenant: string, generation: number, id: string): Promise<StoredDocument | null>;

  /**
   * The embeddings of those of the ids that are documents, in the order of `ids`, which are distinct and at most
   * limits.windowMax: what of a candidate window is not in memory.
   */
  embeddings(tenant: string, generation: number, ids: readonly string[]): Promise<StoredEmbedding[]>;

  /** Documents by id in UTF-8 byte order, after `afterId` (exclusive). */
  list(tenant: string, generation: number, afterId: string | null, limit: number): Promise<StoredDocument[]>;

  count(tenant: string, generation: number): Promise<number>;

  /** Changes after `cursor` in commit order (null: from the beginning, live documents only), at most `limit`. */
  changes(
    tenant: string,
    generation: number,
    cursor: ChangeCursor | null,
    limit: number,
  ): Promise<ChangePage>;

  /** Cheap probe for readiness. */
  ping(): Promise<void>;

  close(): Promise<void>;
}
