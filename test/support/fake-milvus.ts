import type { MilvusClient } from '@zilliz/milvus2-sdk-node';

interface Column {
  readonly name: string;
  readonly description?: string;
  readonly is_partition_key?: boolean;
  readonly dim?: number;
}

/** As it was asked for. */
interface Index {
  readonly index_type: string;
  readonly metric_type?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

interface Search extends Named {
  readonly data: readonly unknown[];
  readonly params: Readonly<Record<string, number>>;
}

interface Collection {
  readonly name: string;
  readonly description: string;
  readonly fields: readonly Column[];
  readonly createdMs: number;
  /** By field. */
  readonly indexes: Map<string, Index>;
  readonly aliases: Set<string>;
  loaded: boolean;
}

interface Named {
  readonly collection_name: string;
}

const good = { error_code: 'Success', code: 0, reason: '' };
const bad = (code: number, reason: string) => ({ error_code: 'UnexpectedError', code, reason });

/** How a call is cut off: before the server has done anything, or after it has done all. */
export type Cut = 'before' | 'after';

/**
 * The part of a Milvus server that makes and drops collections, as its newer versions do it: nothing is loaded without an
 * index, nothing is dropped that an alias stands for. Any call can be cut off.
 */
export class FakeMilvus {
  readonly collections = new Map<string, Collection>();
  /** Calls that were made. */
  calls: string[] = [];
  nowMs = 0;
  version: string;
  /** What it was asked for; it finds nothing. */
  readonly searches: Search[] = [];
  /** Calls that are answered with a status that is not good, without anything being done. */
  readonly refused = new Set<string>();
  #cut: { readonly at: number; readonly how: Cut } | null = null;
  readonly #keepsPartitioned: boolean;

  /** @param keepsPartitioned whether upserts keep all rows where tenants divide a collection */
  constructor({ version = 'v2.6.10', keepsPartitioned = false } = {}) {
    this.version = version;
    this.#keepsPartitioned = keepsPartitioned;
  }

  /** Lets the call fail that comes after `calls` others. */
  cutAfter(calls: number, how: Cut): void {
    this.calls = [];
    this.#cut = { at: calls, how };
  }

  mend(): void {
    this.calls = [];
    this.#cut = null;
  }

  aliasOf(alias: string): Collection | undefined {
    return [...this.collections.values()].find(({ aliases }) => aliases.has(alias));
  }

  get client(): MilvusClient {
    return new Proxy({} as MilvusClient, {
      get: (_, method: string) => (request: never) => this.#call(method, request),
    });
  }

  async #call(method: string, request: never): Promise<unknown> {
    const cut = this.#cut?.at === this.calls.length ? this.#cut.how : null;
    this.calls.push(method);
    const lost = Object.assign(new Error('14 UNAVAILABLE: the line is dead'), { code: 14 });
    if (cut === 'before') throw lost;
    if (this.refused.has(method)) return bad(65_535, `no ${method} now`);
    const answer = (this as unknown as Record<string, (asked: never) => unknown>)[method]?.(request);
    if (answer === undefined) throw new Error(`nobody has taught the fake ${method}`);
    if (cut === 'after') throw lost;
    return answer;
  }

  #find(name: string): Collection | undefined {
    return this.collections.get(name) ?? this.aliasOf(name);
  }

  getVersion() {
    return { status: good, version: this.version };
  }

  createCollection(asked: { collection_name: string; description: string; fields: readonly Column[] }) {
    const { collection_name: name, description, fields } = asked;
    const there = this.collections.get(name);
    if (there !== undefined && there.description !== description) return bad(65_535, 'other parameters');
    if (there !== undefined) return good;
    const own = { name, description, fields, createdMs: this.nowMs };
    this.collections.set(name, { ...own, indexes: new Map(), aliases: new Set(), loaded: false });
    return good;
  }

  describeCollection({ collection_name }: Named) {
    const there = this.#find(collection_name);
    if (there === undefined) return { status: bad(100, 'collection not found') };
    const fields = there.fields.map((field) => ({
      ...field,
      is_partition_key: field.is_partition_key ?? false,
      type_params: field.dim === undefined ? [] : [{ key: 'dim', value: String(field.dim) }],
    }));
    return {
      status: good,
      schema: { description: there.description, fields },
      aliases: [...there.aliases],
      created_utc_timestamp: String(there.createdMs),
    };
  }

  createIndex(asked: Named & Index & { field_name: string }) {
    const { collection_name, field_name, index_type, metric_type, params } = asked;
    const there = this.collections.get(collection_name);
    if (there === undefined) return bad(100, 'collection not found');
    there.indexes.set(field_name, {
      index_type,
      ...(metric_type !== undefined && { metric_type }),
      ...(params !== undefined && { params }),
    });
    return good;
  }

  describeIndex({ collection_name }: Named) {
    const there = this.collections.get(collection_name);
    if (there === undefined) return { status: bad(100, 'collection not found') };
    if (there.indexes.size === 0) return { status: bad(700, 'index not found') };
    const index_descriptions = [...there.indexes].map(([field_name, index]) => ({
      field_name,
      params: Object.entries({ ...index, params: JSON.stringify(index.params ?? {}) }).map(
        ([key, value]) => ({ key, value }),
      ),
    }));
    return { status: good, index_descriptions };
  }

  loadCollectionAsync({ collection_name }: Named) {
    const there = this.collections.get(collection_name);
    if (there === undefined) return bad(100, 'collection not found');
    if (!there.indexes.has('embedding')) return bad(700, 'there is no vector index');
    there.loaded = true;
    return good;
  }

  getLoadState({ collection_name }: Named) {
    const there = this.collections.get(collection_name);
    if (there === undefined) return { status: good, state: 'LoadStateNotExist' };
    return { status: good, state: there.loaded ? 'LoadStateLoaded' : 'LoadStateNotLoad' };
  }

  getLoadingProgress({ collection_name }: Named) {
    const there = this.collections.get(collection_name);
    if (!there?.loaded) return { status: bad(101, 'not loaded') };
    return { status: good, progress: '100' };
  }

  createAlias({ collection_name, alias }: Named & { alias: string }) {
    if (this.aliasOf(alias) !== undefined) return bad(1_602, 'alias already exists');
    return this.alterAlias({ collection_name, alias });
  }

  alterAlias({ collection_name, alias }: Named & { alias: string }) {
    const there = this.collections.get(collection_name);
    if (there === undefined) return bad(100, 'collection not found');
    this.aliasOf(alias)?.aliases.delete(alias);
    there.aliases.add(alias);
    return good;
  }

  dropAlias({ alias }: { alias: string }) {
    const there = this.aliasOf(alias);
    if (there === undefined) return bad(1_600, 'alias not found');
    there.aliases.delete(alias);
    return good;
  }

  dropCollection({ collection_name }: Named) {
    const there = this.collections.get(collection_name);
    if (there !== undefined && there.aliases.size > 0)
      return bad(65_535, 'cannot drop the collection while it has aliases');
    this.collections.delete(collection_name);
    return good;
  }

  showCollections() {
    return { status: good, data: [...this.collections.keys()].map((name) => ({ name })) };
  }

  search(asked: Search) {
    this.searches.push(asked);
    return { status: good, results: asked.data.length === 1 ? [] : asked.data.map(() => []) };
  }

  upsert() {
    return { status: good };
  }

  /** Only the trial of partition keys asks. */
  query() {
    return { status: good, data: [{ 'count(*)': this.#keepsPartitioned ? '16' : '0' }] };
  }

  deleteEntities() {
    return { status: good };
  }
}
