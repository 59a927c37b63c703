import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { limits } from '../../limits.ts';
import type { Logger } from '../../ports/logger.ts';
import { makeCollection } from './admin-calls.ts';
import { columnsOf } from './collection-fields.ts';
import type { CollectionLayout } from './collection-layout.ts';
import { type Division, descriptionOf } from './described-collection.ts';
import { buildParameters, type CagraOptions, type IndexKind } from './index-parameters.ts';
import type { Names } from './names.ts';
import { readFeatures, type ServerFeatures, tryPartitionKeys } from './server-features.ts';

export interface MakerOptions {
  readonly names: Names;
  readonly index: IndexKind;
  readonly cagra: CagraOptions;
  readonly logger: Logger;
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

  async make(
    client: MilvusClient,
    name: string,
    layout: CollectionLayout,
    division: Division | null,
    timeoutMs: number,
  ): Promise<void> {
    const { index, cagra, logger } = this.#options;
    const { textIndex } = await this.features(client);
    const partitioned = await this.#tryPartitions(client);
    if (layout.leftOut.size > 0)
      logger.warn(
        { store: 'milvus', collection: name, left_out: [...layout.leftOut].slice(0, limits.errorFieldsMax) },
        'facets and fields beyond what a collection can have are filtered after the search',
      );
    await makeCollection(
      client,
      {
        name,
        description: descriptionOf(name, index, division),
        columns: columnsOf(layout, partitioned),
        index: buildParameters(index, cagra),
        // What divides a collection needs no index.
        tenantIndex: partitioned ? null : textIndex,
      },
      timeoutMs,
    );
  }

  /** Whichever way the trial ends, one that could not be made counts as failed until the next collection. */
  async #tryPartitions(client: MilvusClient): Promise<boolean> {
    const { names, logger } = this.#options;
    this.#partitions ??= tryPartitionKeys(client, names.trial(), limits.milvusPrepareMs, logger).catch(
      (error: unknown) => {
        this.#partitions = null;
        throw error;
      },
    );
    return this.#partitions;
  }
}
