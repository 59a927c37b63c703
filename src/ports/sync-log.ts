import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { DocumentChange } from '../domain/document.ts';
import type { CatalogueKey, SharedIndexName } from './shared-index.ts';

/** Documents of one generation that one worker may bring into one index, until the lease ends. */
export interface SyncClaim extends CatalogueKey {
  readonly index: SharedIndexName;
  readonly schema: CatalogueSchema;
  /** The newest committed state of each document, read when it was claimed; ids are distinct. */
  readonly changes: readonly DocumentChange[];
  /** Proves the lease. */
  readonly token: string;
}

/** How far an index is behind. */
export interface SyncLag {
  /** Documents whose newest version it does not have. */
  readonly pending: number;
  /** Since when the oldest of them has been waiting, milliseconds since 1970; null: nothing waits. */
  readonly oldestEpochMs: number | null;
  /** Documents that were given up as never acceptable; they are retried after their next write, or by `requeue`. */
  readonly parked: number;
}

/**
 * Which documents each shared index has yet to apply: a desired and an applied version of each, not a log of events, so
 * updates coalesce and no order needs to be kept. Part of the truth: a document's write marks it as due, for every
 * followed index, in its own transaction.
 */
export interface SyncLog {
  /**
   * Says that this index follows from now on. Documents that were there before become due, once, in the background of the
   * first claims. Repeated calls change nothing.
   */
  follow(index: SharedIndexName): Promise<void>;

  /** No longer due for anything: its rows are deleted. */
  unfollow(index: SharedIndexName): Promise<void>;

  /**
   * Takes up to `limit` due documents of one catalogue generation that nobody else holds, longest waiting first; null:
   * nothing is due. Live and staged generations alike.
   * @param except generations that are passed over for now; the others take turns then
   */
  claim(
    index: SharedIndexName,
    limit: number,
    leaseMs: number,
    except?: readonly CatalogueKey[],
  ): Promise<SyncClaim | null>;

  /**
   * The claim's documents are applied in the versions that it held; those written again since stay due. A claim may be
   * settled in parts, each with some of its changes. false: the lease of one of them was lost, and nothing was recorded.
   */
  applied(claim: SyncClaim): Promise<boolean>;

  /**
   * Gives the claim back, what of it is still held: its documents are due again after `retryInMs`; null parks them as
   * never acceptable, those excepted that were written again since.
   */
  failed(claim: SyncClaim, reason: string, retryInMs: number | null): Promise<void>;

  lag(index: SharedIndexName, key?: CatalogueKey): Promise<SyncLag>;

  /** Those of the tenants of whom the index lacks the newest version of some document. */
  waiting(index: SharedIndexName, tenants: readonly string[]): Promise<readonly string[]>;

  /** Whether there is a document of the generation that counts as applied in its newest version. */
  hasApplied(index: SharedIndexName, key: CatalogueKey): Promise<boolean>;

  /**
   * Makes documents due again, `ids` or all of the generation: after a loss of the index, or a found difference. Leases
   * on them end. An id that the truth knows nothing of becomes a delete of the version Number.MAX_SAFE_INTEGER.
   * @returns how many; those of a whole generation become due in the background of later claims
   */
  requeue(index: SharedIndexName, key: CatalogueKey, ids?: readonly string[]): Promise<number>;

  /**
   * Says that something of the generation is about to be made in the index: it comes to `dropped` once its catalogue is
   * gone, and not before `leaseMs` have passed. false: it is gone, or the index is not followed; nothing is to be made.
   */
  hold(index: SharedIndexName, key: CatalogueKey, leaseMs: number): Promise<boolean>;

  /**
   * Generations that an index may still hold and that no catalogue has any more, once the last lease on them has ended;
   * gone from here once `forget`.
   */
  dropped(index: SharedIndexName): Promise<readonly CatalogueKey[]>;
  forget(index: SharedIndexName, key: CatalogueKey): Promise<void>;
}
