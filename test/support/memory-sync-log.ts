import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { DocumentChange } from '../../src/domain/document.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { CatalogueKey, SharedIndexName } from '../../src/ports/shared-index.ts';
import type { SyncClaim, SyncLag, SyncLog } from '../../src/ports/sync-log.ts';

interface Due extends CatalogueKey {
  readonly change: DocumentChange;
  dueAtMs: number;
  token: string | null;
  reason: string | null;
}

const idOf = (change: DocumentChange): string => (change.kind === 'put' ? change.document.id : change.id);

/** Which documents are due, in memory, for one index; a test says what was written. */
export class MemorySyncLog implements SyncLog {
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #schema: CatalogueSchema;
  readonly due = new Map<string, Due>();
  /** What was applied. */
  readonly done = new Map<string, Due>();
  readonly parked = new Map<string, string>();
  readonly followed = new Set<SharedIndexName>();
  gone: CatalogueKey[] = [];
  /** Tenant and generation, joined by `/`, whose catalogue is gone, forgotten or not. */
  readonly ended = new Set<string>();
  /** Until when nothing of them is deleted, by tenant and generation, joined by `/`; monotonic milliseconds. */
  readonly heldUntilMs = new Map<string, number>();
  #tokens = 0;

  constructor(clock: Pick<Clock, 'nowMs'>, schema: CatalogueSchema) {
    this.#clock = clock;
    this.#schema = schema;
  }

  write(tenant: string, generation: number, ...changes: readonly DocumentChange[]): void {
    for (const change of changes) {
      const place = { tenant, generation, change, dueAtMs: this.#clock.nowMs(), token: null, reason: null };
      this.due.set(`${tenant}/${generation}/${idOf(change)}`, place);
    }
  }

  async follow(index: SharedIndexName): Promise<void> {
    this.followed.add(index);
  }

  async unfollow(index: SharedIndexName): Promise<void> {
    this.followed.delete(index);
  }

  async claim(
    index: SharedIndexName,
    limit: number,
    _leaseMs: number,
    except: readonly CatalogueKey[] = [],
  ): Promise<SyncClaim | null> {
    const free = [...this.due.values()].filter(
      (due) =>
        due.token === null &&
        due.dueAtMs <= this.#clock.nowMs() &&
        !except.some(({ tenant, generation }) => due.tenant === tenant && due.generation === generation),
    );
    const first = free[0];
    if (first === undefined) return null;
    const { tenant, generation } = first;
    const own = free.filter((due) => due.tenant === tenant && due.generation === generation).slice(0, limit);
    const token = String(++this.#tokens);
    for (const due of own) due.token = token;
    const changes = own.map(({ change }) => change);
    return { index, tenant, generation, schema: this.#schema, changes, token };
  }

  async applied(claim: SyncClaim): Promise<boolean> {
    if (this.#held(claim).length === 0) return false;
    for (const due of this.#held(claim)) this.#finish(due);
    return true;
  }

  async failed(claim: SyncClaim, reason: string, retryInMs: number | null): Promise<void> {
    for (const due of this.#held(claim)) {
      due.token = null;
      due.reason = reason;
      due.dueAtMs = this.#clock.nowMs() + (retryInMs ?? 0);
      if (retryInMs !== null) continue;
      this.due.delete(`${due.tenant}/${due.generation}/${idOf(due.change)}`);
      this.parked.set(idOf(due.change), reason);
    }
  }

  async lag(_: SharedIndexName, key?: CatalogueKey): Promise<SyncLag> {
    const own = [...this.due.values()].filter((due) => key === undefined || due.tenant === key.tenant);
    return { pending: own.length, oldestEpochMs: null, parked: this.parked.size };
  }

  async waiting(_: SharedIndexName, tenants: readonly string[]): Promise<readonly string[]> {
    return tenants.filter((tenant) => [...this.due.values()].some((due) => due.tenant === tenant));
  }

  async hasApplied(_: SharedIndexName, { tenant, generation }: CatalogueKey): Promise<boolean> {
    const isDue = (id: string) => this.due.has(`${tenant}/${generation}/${id}`);
    const own = [...this.done.values()].filter((done) => done.tenant === tenant);
    return own.some((done) => done.generation === generation && !isDue(idOf(done.change)));
  }

  async requeue(
    _: SharedIndexName,
    { tenant, generation }: CatalogueKey,
    ids?: readonly string[],
  ): Promise<number> {
    const isOwn = (due: Due) => due.tenant === tenant && due.generation === generation;
    const done = [...this.done.values()].filter(
      (one) => isOwn(one) && (ids?.includes(idOf(one.change)) ?? true),
    );
    for (const due of this.due.values()) if (ids === undefined && isOwn(due)) due.token = null;
    const isDue = (id: string) => this.due.has(`${tenant}/${generation}/${id}`);
    const changes = done.map(({ change }) => change).filter((change) => !isDue(idOf(change)));
    this.write(tenant, generation, ...changes);
    return done.length;
  }

  /** The leases of everything that is claimed end, and somebody else brings it into the index. */
  takeOver(): void {
    for (const due of [...this.due.values()]) {
      if (due.token === null) continue;
      this.#finish(due);
    }
  }

  async hold(_: SharedIndexName, { tenant, generation }: CatalogueKey, leaseMs: number): Promise<boolean> {
    const name = `${tenant}/${generation}`;
    if (this.ended.has(name)) return false;
    this.heldUntilMs.set(name, this.#clock.nowMs() + leaseMs);
    return true;
  }

  async dropped(): Promise<readonly CatalogueKey[]> {
    return this.gone;
  }

  async forget(_: SharedIndexName, key: CatalogueKey): Promise<void> {
    this.gone = this.gone.filter((one) => one.generation !== key.generation);
  }

  #finish(due: Due): void {
    this.due.delete(`${due.tenant}/${due.generation}/${idOf(due.change)}`);
    this.done.set(`${due.tenant}/${due.generation}/${idOf(due.change)}`, due);
  }

  #held(claim: SyncClaim): Due[] {
    const ids = new Set(claim.changes.map(idOf));
    return [...this.due.values()].filter(
      ({ token, change }) => token === claim.token && ids.has(idOf(change)),
    );
  }
}
