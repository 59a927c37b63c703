import type { Catalogue } from '../domain/catalogue-schema.ts';
import { generationKey } from '../domain/generation-key.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Meter } from '../ports/meter.ts';
import type { ActiveCatalogue } from './active-catalogue.ts';
import { Projector, type ProjectorParts } from './projector.ts';
import { Waits } from './waits.ts';

/**
 * The live catalogue of each tenant, in memory. A generation is loaded beside the present one and swapped in when it is
 * complete, so searches never see half a catalogue.
 */
export class CatalogueRegistry {
  readonly #parts: ProjectorParts;
  readonly #projectors = new Map<string, Projector>();
  readonly #loading = new Map<string, Promise<void>>();
  /** Those that load now. */
  readonly #loaders = new Set<Projector>();
  /** Tenants whose catalogue is being loaded again. */
  readonly #replacing = new Set<string>();
  /** Between attempts; ended by `close`. */
  readonly #pauses: Waits;
  /** Tenants of whom it is not known yet whether they have a catalogue. */
  readonly #unread = new Set<string>();
  #closed = false;
  #onLive: (active: ActiveCatalogue) => void = () => {};
  #onEpoch: (active: ActiveCatalogue) => void = () => {};

  constructor(parts: ProjectorParts) {
    this.#parts = parts;
    this.#pauses = new Waits(parts.clock);
  }

  /** Calls back with every catalogue that becomes live, and every one that moves to another epoch, from now on. */
  watch(onLive: (active: ActiveCatalogue) => void, onEpoch: (active: ActiveCatalogue) => void): void {
    this.#onLive = onLive;
    this.#onEpoch = onEpoch;
  }

  /** Every catalogue that is live now. */
  live(): readonly ActiveCatalogue[] {
    return [...this.#projectors.values()].map(({ active }) => active);
  }

  /** Says that these tenants will be opened: until then nobody knows whether they have a catalogue. */
  expect(tenants: readonly string[]): void {
    for (const tenant of tenants) if (this.find(tenant) === null) this.#unread.add(tenant);
  }

  isUnread(tenant: string): boolean {
    return this.#unread.has(tenant);
  }

  /** How many tenants there are of whom it is not known yet whether they have a catalogue. */
  get unreadCount(): number {
    return this.#unread.size;
  }

  /** The tenant's live catalogue. @throws TriptychError no_catalogue | not_ready */
  active(tenant: string): ActiveCatalogue {
    const active = this.find(tenant);
    if (active === null && this.#unread.has(tenant))
      throw new TriptychError('not_ready', 'The catalogue is not loaded yet.', {
        retryAfterSeconds: 1,
      });
    if (active === null)
      throw new TriptychError(
        'no_catalogue',
        'There is no catalogue yet: PUT /v1/catalogue or `triptych ingest`.',
      );
    return active;
  }

  find(tenant: string): ActiveCatalogue | null {
    return this.#projectors.get(tenant)?.active ?? null;
  }

  /** Loads the tenant's live catalogue if there is one and it is not loaded yet. @throws TriptychError not_ready once closed */
  async open(tenant: string): Promise<void> {
    this.#requireOpen();
    const catalogue = await this.#parts.store.catalogue(tenant);
    if (catalogue !== null) await this.show(tenant, catalogue);
    this.#unread.delete(tenant);
  }

  /** Makes `catalogue` the one that searches see, once it is loaded. Equal generations load once. @throws as `open` */
  async show(tenant: string, catalogue: Catalogue): Promise<void> {
    this.#requireOpen();
    const key = generationKey({ tenant, generation: catalogue.generation });
    if (this.find(tenant)?.generation === catalogue.generation) return;
    let loading = this.#loading.get(key);
    if (loading === undefined) {
      loading = this.#load(tenant, catalogue).finally(() => this.#loading.delete(key));
      this.#loading.set(key, loading);
    }
    await loading;
  }

  nudge(tenant: string): void {
    this.#projectors.get(tenant)?.nudge();
  }

  /** Resolves when what is committed now is searchable. */
  async caughtUp(tenant: string): Promise<void> {
    await this.#projectors.get(tenant)?.caughtUp();
  }

  /** The largest lag of any tenant's projector, milliseconds. */
  lagMsMax(): number {
    return Math.max(0, ...[...this.#projectors.values()].map((projector) => projector.lagMs));
  }

  /** Ends loads under way as well, after the page that each of them waits for. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#pauses.cut();
    const projectors = [...this.#projectors.values(), ...this.#loaders];
    await Promise.all(projectors.map((projector) => projector.stop()));
  }

  get closed(): boolean {
    return this.#closed;
  }

  #requireOpen(): void {
    if (this.#closed)
      throw new TriptychError('not_ready', 'The service is stopping.', { retryAfterSeconds: 1 });
  }

  async #load(tenant: string, catalogue: Catalogue): Promise<void> {
    let live = false;
    let lost = false;
    const meter = new LiveMeter(this.#parts.meter, () => {
      if (this.#projectors.get(tenant) !== projector) return null;
      return [...this.#projectors.values()].filter((other) => other !== projector);
    });
    const projector: Projector = new Projector(
      tenant,
      catalogue,
      { ...this.#parts, meter },
      {
        onBehind: () => {
          if (live) void this.#replace(tenant);
          else lost = true;
        },
        onEpoch: () => {
          if (live) this.#onEpoch(projector.active);
        },
      },
    );
    this.#loaders.add(projector);
    await projector.load().finally(() => this.#loaders.delete(projector));
    if (lost)
      throw new TriptychError('unavailable', 'The catalogue moved on while it was being loaded.', {
        retryAfterSeconds: 1,
      });
    if (this.#closed) return;
    const previous = this.#projectors.get(tenant);
    this.#projectors.set(tenant, projector);
    live = true;
    const { current } = projector.active.table;
    meter.gauge('documents', current.liveCount);
    meter.gauge('epoch_generation', current.epoch.generation);
    projector.start();
    this.#onLive(projector.active);
    void previous?.stop();
  }

  /** A projector that cannot go on is replaced by one for whatever is live now, however many attempts it takes. */
  async #replace(tenant: string): Promise<void> {
    if (this.#replacing.has(tenant)) return;
    this.#replacing.add(tenant);
    const { logger } = this.#parts;
    logger.warn({ tenant }, 'the catalogue moved on without its projector, loading it again');
    for (
      let pauseMs: number = limits.reloadPauseMsMin;
      !this.#closed;
      pauseMs = Math.min(limits.reloadPauseMsMax, pauseMs * 2)
    ) {
      try {
        await this.#loadLive(tenant);
        break;
      } catch (error) {
        if (this.#closed) break;
        logger.error({ error, tenant, retry_ms: pauseMs }, 'loading the catalogue again failed');
        await this.#pauses.wait(pauseMs);
      }
    }
    this.#replacing.delete(tenant);
  }

  async #loadLive(tenant: string): Promise<void> {
    const catalogue = await this.#parts.store.catalogue(tenant);
    if (catalogue === null || this.#closed) return;
    if (this.find(tenant)?.generation !== catalogue.generation) await this.show(tenant, catalogue);
    else await this.#load(tenant, catalogue);
  }
}

/**
 * Gauges say what searches see, over all tenants: those of a projector that still loads, or was replaced, are left out.
 * The generation is that of the catalogue that changed last.
 */
class LiveMeter implements Meter {
  readonly #meter: Meter;
  /** The projectors of the other tenants; null while this one is not live. */
  readonly #others: () => readonly Projector[] | null;
  readonly stage: Meter['stage'];
  readonly search: Meter['search'];
  readonly projected: Meter['projected'];
  readonly count: Meter['count'];
  readonly synced: Meter['synced'];
  readonly indexLag: Meter['indexLag'];

  constructor(meter: Meter, others: () => readonly Projector[] | null) {
    this.#meter = meter;
    this.#others = others;
    this.stage = meter.stage.bind(meter);
    this.search = meter.search.bind(meter);
    this.projected = meter.projected.bind(meter);
    this.count = meter.count.bind(meter);
    this.synced = meter.synced.bind(meter);
    this.indexLag = meter.indexLag.bind(meter);
  }

  gauge(name: Parameters<Meter['gauge']>[0], value: number): void {
    const others = this.#others();
    if (others === null) return;
    let overAll = value;
    for (const { active, lagMs } of others) {
      if (name === 'documents') overAll += active.table.current.liveCount;
      if (name === 'projector_lag_ms') overAll = Math.max(overAll, lagMs);
    }
    this.#meter.gauge(name, overAll);
  }
}
