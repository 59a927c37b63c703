import type { Catalogue } from '../domain/catalogue-schema.ts';
import type { DocumentChange } from '../domain/document.ts';

/** The indexes outside the process that this service knows how to keep; `words` is that of Postgres. */
export const sharedIndexNames = ['milvus', 'neo4j', 'words'] as const;
export type SharedIndexName = (typeof sharedIndexNames)[number];

/** One catalogue generation of a tenant, as an index outside the process keeps it apart from others. */
export interface CatalogueKey {
  readonly tenant: string;
  readonly generation: number;
}

/** A document as an index has it. */
export interface IndexedVersion {
  readonly id: string;
  readonly version: number;
}

/**
 * An index outside the process that follows the truth. It is written in the background by `search/index-sync`, never in
 * a request, possibly by several processes at once; what it does not have yet costs recall, never truth, because readers
 * hold every hit against the resident table or the truth.
 *
 * Every method may be repeated after an unknown outcome. All reject with TriptychError: `unavailable` for what may
 * succeed later, `invalid_document` for what never will. An `unavailable` whose cause is `invalid_settings` goes on until
 * somebody changes what the engine has: its message says what.
 */
export interface SharedIndex {
  readonly name: SharedIndexName;
  /** How long after `apply` a search may still not see what was applied, milliseconds. */
  readonly visibleAfterMs: number;

  /**
   * Makes what a generation needs (collections, constraints, indexes), at whatever step that stopped before; changes
   * nothing where all is there.
   * @returns whether the index had no place for the generation: what was applied before, if anything was, is lost
   */
  prepare(tenant: string, catalogue: Catalogue): Promise<boolean>;

  /** Whether there is a place for the generation, as the engine has it now; makes nothing. */
  hasPlace(key: CatalogueKey): Promise<boolean>;

  /**
   * Brings documents to the given state. Ids are distinct within a call, at most limits.sharedIndexBatchMax of them.
   * A version older than what the index has changes nothing, where the engine can tell.
   */
  apply(key: CatalogueKey, changes: readonly DocumentChange[]): Promise<void>;

  /** Makes the generation the one that others see under the catalogue's live name; repeated calls change nothing. */
  activate(key: CatalogueKey): Promise<void>;

  /** Deletes everything of a generation, also what an interrupted call has left; nothing where there is nothing. */
  drop(key: CatalogueKey): Promise<void>;

  /** What the index has, by id in UTF-8 byte order after `afterId` (null: from the first), at most `limit`. */
  versions(key: CatalogueKey, afterId: string | null, limit: number): Promise<readonly IndexedVersion[]>;

  /**
   * Those of the tenants whose answers may still change although everything was applied, whoever applied it: of what the
   * index computes of its own accord. Absent where applying is all.
   */
  unfinished?(tenants: readonly string[]): Promise<readonly string[]>;

  /** Resolves when the index answers a real question. */
  ping(): Promise<void>;

  close(): Promise<void>;
}
