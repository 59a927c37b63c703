import { createHash, randomUUID } from 'node:crypto';
import { slug } from '../../std/slug.ts';

/** Key of a row: hex SHA-256 of tenant and id, each with its length before it, so that no pair reads like another. */
export function rowKey(tenant: string, id: string): string {
  return createHash('sha256').update(withLength(tenant)).update(withLength(id)).digest('hex');
}

function withLength(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/**
 * Names of collections and aliases. Milvus knows letters, digits and `_`. Tenants whose catalogues have the same layout
 * and generation share a collection; an alias per tenant and generation says that it is in use, and by whom.
 */
export class Names {
  readonly prefix: string;

  /** @param prefix of every name, so that several services can use one database */
  constructor(prefix: string) {
    this.prefix = prefix;
  }

  collection(fingerprint: string, generation: number): string {
    return `${this.prefix}_c_${fingerprint}_g${generation}`;
  }

  /** Where documents with one value of the facet are kept that divides a collection. */
  shard(collection: string, value: string): string {
    return `${this.shardPrefix(collection)}${shortHash(value, 16)}`;
  }

  shardPrefix(collection: string): string {
    return `${collection}_s`;
  }

  /** Stands for one tenant's generation, whichever collection it is in. */
  use(tenant: string, generation: number): string {
    return `${this.prefix}_t_${shortHash(tenant, 20)}_g${generation}`;
  }

  isUse(alias: string): boolean {
    return alias.startsWith(`${this.prefix}_t_`);
  }

  /** The live name of a tenant's catalogue; what a shard has of it is behind the same name with `_s...`. */
  live(tenant: string): string {
    const readable = slug(tenant).replaceAll('-', '_').slice(0, 32);
    return `${this.prefix}_live_${readable}_${shortHash(tenant, 12)}`;
  }

  isLive(alias: string): boolean {
    return alias.startsWith(`${this.prefix}_live_`) && !/_s[0-9a-f]{16}$/.test(alias);
  }

  /** The alias beside `alias` that stands for a shard. */
  ofShard(alias: string, collection: string, shard: string): string {
    return `${alias}${shard.slice(collection.length)}`;
  }

  /** A collection of nobody's, to try something with. */
  trial(): string {
    return `${this.trialPrefix}${randomUUID().replaceAll('-', '')}`;
  }

  get trialPrefix(): string {
    return `${this.prefix}_trial_`;
  }

  /** Whether a collection is one of this service's, shards left out. */
  isCollection(name: string): boolean {
    return name.startsWith(`${this.prefix}_c_`) && !/_s[0-9a-f]{16}$/.test(name);
  }

  /** The same, of the given generation. */
  isCollectionOf(name: string, generation: number): boolean {
    return this.isCollection(name) && name.endsWith(`_g${generation}`);
  }
}

export function shortHash(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}
