import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { DocumentChange } from '../domain/document.ts';

/**
 * An in-process index that follows the truth. `apply` is synchronous, so that all projections of an epoch change in
 * one turn of the event loop and a request sees either all of it or nothing.
 */
export interface Projection {
  /** Drops everything of the tenant and starts an empty catalogue. */
  reset(tenant: string, schema: CatalogueSchema): void;
  /**
   * Does the costly, invisible part of applying a change (analysing text, say) ahead of `apply`, in a turn of its own.
   * Optional to implement and to call: `apply` must do the same work where it was not done before.
   */
  prepare?(tenant: string, change: DocumentChange): void;
  /** Applies changes in order; a put replaces an earlier put of the same id. */
  apply(tenant: string, changes: readonly DocumentChange[]): void;
}
