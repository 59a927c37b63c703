import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { limits } from '../../limits.ts';
import type { Logger } from '../../ports/logger.ts';
import {
  type CollectionPlan,
  completeCollection,
  createCollection,
  describeCollection,
} from './admin-calls.ts';
import { dropOlder } from './collection-drop.ts';
import { columnsOf } from './collection-fields.ts';
import { assertDimension, tooOldToAdapt } from './collection-fit.ts';
import type { CollectionLayout } from './collection-layout.ts';
import { type DescribedCollection, type Division, described, descriptionOf } from './described-collection.ts';
import { buildParameters, type IndexKind } from './index-parameters.ts';
import { MilvusFailure, milvusStatus } from './milvus-answer.ts';
import type { Names } from './names.ts';
import { readFeatures, type ServerFeatures, tryPartitionKeys } from './server-features.ts';

export interface MakerOptions {
  readonly names: Names;
  readonly index: IndexKind;
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  readonly epochMs: () => number;
}

/** What a collection is to be like where it has to be made. */
export interface CollectionShape {
  readonly layout: CollectionLayout;
  readonly division: Division | null;
  /** Default: that of new generations. */
  readonly index?: IndexKind;
}

/** Makes collections in the way that suits the server. */
export class CollectionMaker {
  readonly #options: MakerOptions;
  #features: Promise<ServerFeatures> | null = null;
  #partitions: Promise<boolean> | null = null;

  constructor(options: MakerOptions) {
    this.#options = options;
  }

  /** Asked once; again after a failure. */
  features(client: MilvusClient): Promise<ServerFeatures> {
    this.#features ??= readFeatures(client, this.#options.logger).catch((error: unknown) => {
      this.#features = null;
      throw error;
    });
    return this.#features;
  }

  /**
   * The collection as the server has it, complete: made where it is not there, finished where its making has stopped,
   * whoever began it. What it is made of is asked for only where it has to be made.
   * @throws TriptychError invalid_settings where it has vectors of another dimension, or an index of another metric
   */
  async ensure(
    client: MilvusClient,
    name: string,
    { layout, division, index }: CollectionShape,
    timeoutMs: number,
  ): Promise<DescribedCollection> {
    const endMs = performance.now() + timeoutMs;
    const left = () => endMs - performance.now();
    const { version, textIndex, adaptsCagra } = await this.features(client);
    let there = await describeCollection(client, name, left());
    if (there === null) {
      const kind = index ?? this.#options.index;
      if (kind === 'gpu_cagra_cpu' && !adaptsCagra) {
        // Somebody may put a newer one in its place.
        this.#features = null;
        throw tooOldToAdapt(version);
      }
      const partitioned = await this.#tryPartitions(client);
      this.#tellLeftOut(name, layout);
      const plan = this.#planOf(name, kind, division);
      const columns = columnsOf(layout, partitioned);
      await createCollection(client, { ...plan, columns }, left());
      there = await describeCollection(client, name, left());
    }
    const made = there === null ? null : described(there);
    if (there === null || made === null)
      throw new MilvusFailure(`${name} is gone, or not a collection of this service`, {
        status: milvusStatus.collectionNotFound,
        code: null,
      });
    assertDimension(name, layout.dimension, made.layout.dimension);
    // What divides a collection needs no index.
    const divided = there.schema.fields.some((field) => field.name === 'tenant' && field.is_partition_key);
    const plan = this.#planOf(name, made.index, made.division);
    await completeCollection(client, { ...plan, tenantIndex: divided ? null : textIndex }, left());
    return made;
  }

  #planOf(name: string, index: IndexKind, division: Division | null): Omit<CollectionPlan, 'columns'> {
    return {
      name,
      description: descriptionOf(name, index, division),
      index: buildParameters(index),
      tenantIndex: null,
    };
  }

  #tellLeftOut(name: string, { leftOut }: CollectionLayout): void {
    if (leftOut.size === 0) return;
    this.#options.logger.warn(
      { store: 'milvus', collection: name, left_out: [...leftOut].slice(0, limits.errorFieldsMax) },
      'facets and fields beyond what a collection can have are filtered after the search',
    );
  }

  /** Whichever way the trial ends, one that could not be made counts as failed until the next collection. */
  async #tryPartitions(client: MilvusClient): Promise<boolean> {
    const { names, logger, epochMs } = this.#options;
    const tryOnce = async (): Promise<boolean> => {
      // What trials have left that were cut off.
      const bounds = { olderThanMs: epochMs() - limits.milvusUnusedMsMin, timeoutMs: limits.milvusAskMs };
      await dropOlder(client, names.trialPrefix, bounds);
      return tryPartitionKeys(client, names.trial(), limits.milvusPrepareMs, logger);
    };
    this.#partitions ??= tryOnce().catch((error: unknown) => {
      this.#partitions = null;
      throw error;
    });
    return this.#partitions;
  }
}
