import type { Catalogue } from '../../src/domain/catalogue-schema.ts';
import { changedId, type DocumentChange } from '../../src/domain/document.ts';
import { TriptychError } from '../../src/errors.ts';
import type { CatalogueKey, IndexedVersion, SharedIndex } from '../../src/ports/shared-index.ts';

const nameOf = ({ tenant, generation }: CatalogueKey): string => `${tenant}/${generation}`;

/** An index in memory that can be told to fail, and can lose everything. */
export class FakeSharedIndex implements SharedIndex {
  readonly name = 'milvus';
  readonly visibleAfterMs = 5_000;
  /** Tenants that were prepared, each time. */
  readonly prepared: string[] = [];
  /** Ids in the order in which they came. */
  readonly has: string[] = [];
  readonly live: CatalogueKey[] = [];
  readonly dropped: CatalogueKey[] = [];
  /** What there is a place for. */
  readonly places = new Set<string>();
  /** How many calls of `prepare` are still to be cut off after they have done all. */
  cutPrepares = 0;
  /** Resolves when `prepare` of a tenant may go on; undefined: at once. */
  hangs: (tenant: string) => Promise<void> | undefined = () => undefined;
  /** What `prepare` fails with; null: it does not. */
  preparing: () => Error | null = () => null;
  /** Calls of `apply`, all and by tenant. */
  calls = 0;
  readonly callsOf = new Map<string, number>();
  failure: (changes: readonly DocumentChange[], key: CatalogueKey) => Error | null = () => null;
  unfinished: (tenants: readonly string[]) => Promise<readonly string[]> = async () => [];

  async prepare(tenant: string, { generation }: Catalogue): Promise<boolean> {
    this.prepared.push(tenant);
    await this.hangs(tenant);
    const failure = this.preparing();
    if (failure !== null) throw failure;
    const place = nameOf({ tenant, generation });
    const isNew = !this.places.has(place);
    this.places.add(place);
    if (this.cutPrepares > 0) {
      this.cutPrepares--;
      throw new TriptychError('unavailable', 'nobody hears what it has done');
    }
    return isNew;
  }

  async hasPlace(key: CatalogueKey): Promise<boolean> {
    return this.places.has(nameOf(key));
  }

  async apply(key: CatalogueKey, changes: readonly DocumentChange[]): Promise<void> {
    this.calls++;
    this.callsOf.set(key.tenant, (this.callsOf.get(key.tenant) ?? 0) + 1);
    const failure = this.failure(changes, key);
    if (failure !== null) throw failure;
    if (!this.places.has(nameOf(key))) throw new TriptychError('unavailable', 'there is no place for it');
    this.has.push(...changes.map(changedId));
  }

  async activate(key: CatalogueKey): Promise<void> {
    const failure = this.failure([], key);
    if (failure !== null) throw failure;
    this.live.push({ ...key });
  }

  async drop(key: CatalogueKey): Promise<void> {
    const failure = this.failure([], key);
    if (failure !== null) throw failure;
    this.dropped.push(key);
  }

  async versions(): Promise<readonly IndexedVersion[]> {
    return this.has.map((id) => ({ id, version: 1 }));
  }

  /** Everything in it is gone, as when somebody begins anew with an empty server. */
  lose(): void {
    this.places.clear();
    this.has.length = 0;
    this.live.length = 0;
  }

  async ping(): Promise<void> {}
  async close(): Promise<void> {}
}
