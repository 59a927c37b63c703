import type { Catalogue } from '../domain/catalogue-schema.ts';
import { TriptychError } from '../errors.ts';
import type { ActiveCatalogue } from './active-catalogue.ts';
import { Projector, type ProjectorParts } from './projector.ts';

/**
 * The live catalogue of each tenant, in memory. A generation is loaded beside the present one and swapped in when it is
 * complete, so searches never see half a catalogue.
 */
export class CatalogueRegistry {
  readonly #parts: ProjectorParts;
  readonly #projectors = new Map<string, Projector>();
  readonly #loading = new Map<string, Promise<void>>();
  #closed = false;

  constructor(parts: ProjectorParts) {
    this.#parts = parts;
  }

  /** The tenant's live catalogue. @throws TriptychError no_catalogue */
  active(tenant: string): ActiveCatalogue {
    const active = this.find(tenant);
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

  /** Loads the tenant's live catalogue if there is one and it is not loaded yet. */
  async open(tenant: string): Promise<void> {
    const catalogue = await this.#parts.store.catalogue(tenant);
    if (catalogue !== null) await this.show(tenant, catalogue);
  }

  /** Makes `catalogue` the one that searches see, once it is loaded. Equal generations load once. */
  async show(tenant: string, catalogue: Catalogue): Promise<void> {
    const key = `${tenant}\0${catalogue.generation}`;
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

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#projectors.values()].map((projector) => projector.stop()));
  }

  async #load(tenant: string, catalogue: Catalogue): Promise<void> {
    const projector = new Projector(tenant, catalogue, this.#parts, () => void this.#replace(tenant));
    await projector.load();
    if (this.#closed) return;
    const previous = this.#projectors.get(tenant);
    this.#projectors.set(tenant, projector);
    projector.start();
    void previous?.stop();
  }

  /** A projector that cannot go on is replaced by one for whatever is live now. */
  async #replace(tenant: string): Promise<void> {
    this.#parts.logger.warn({ tenant }, 'the catalogue moved on without its projector, loading it again');
    try {
      const catalogue = await this.#parts.store.catalogue(tenant);
      if (catalogue === null || this.#closed) return;
      if (this.find(tenant)?.generation !== catalogue.generation) await this.show(tenant, catalogue);
      else await this.#load(tenant, catalogue);
    } catch (error) {
      this.#parts.logger.error({ err: error, tenant }, 'loading the catalogue again failed');
    }
  }
}
