import { TriptychError } from './errors.ts';
import { limits } from './limits.ts';
import type { Clock } from './ports/clock.ts';
import type { Logger } from './ports/logger.ts';
import type { SecretStore } from './ports/secret-store.ts';
import type { CatalogueRegistry } from './search/catalogue-registry.ts';
import { CatalogueWatch } from './search/catalogue-watch.ts';
import { within } from './search/within.ts';

/** The key that cursors are signed with, which a truth that is not there yet cannot give yet. */
export class LateKey {
  readonly #secrets: SecretStore;
  #key: Uint8Array | null = null;

  constructor(secrets: SecretStore) {
    this.#secrets = secrets;
  }

  async load(): Promise<void> {
    this.#key ??= await this.#secrets.signingKey();
  }

  /** @throws TriptychError not_ready */
  readonly get = (): Uint8Array => {
    if (this.#key !== null) return this.#key;
    throw new TriptychError('not_ready', 'The store of documents does not answer yet.', {
      retryAfterSeconds: 1,
    });
  };
}

export interface StartParts {
  readonly registry: CatalogueRegistry;
  readonly key: LateKey;
  /** Whether no other process makes catalogues. */
  readonly soleWriter: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Opens catalogues: at the start, of keys that come later, and of other processes. */
export class CatalogueStart {
  readonly #parts: StartParts;
  readonly #watch: CatalogueWatch;
  /** Resolves when all that were there at the start are open. */
  opened: Promise<void> = Promise.resolve();

  constructor(parts: StartParts) {
    this.#parts = parts;
    this.#watch = new CatalogueWatch({ ...parts, prepare: () => parts.key.load() });
  }

  /**
   * @param waits false: resolves after limits.storeBootMsMax although a truth on a server does not answer
   * @throws TriptychError unavailable
   */
  async begin(tenants: readonly string[], waits: boolean): Promise<void> {
    const { registry, key, soleWriter, clock } = this.#parts;
    // An embedded truth that cannot be read now never will be.
    if (soleWriter || waits) {
      await key.load();
      for (const tenant of tenants) await registry.open(tenant);
    }
    if (soleWriter) return;
    this.#watch.follow(tenants);
    this.#watch.start();
    this.opened = this.#watch.caughtUp();
    await within(this.opened, limits.storeBootMsMax, clock, undefined);
  }

  /** Opens what new keys name. Each alone: a catalogue that cannot be loaded is not the others' fault. */
  follow(tenants: readonly string[]): void {
    const { registry, soleWriter, logger } = this.#parts;
    if (!soleWriter) this.#watch.follow(tenants);
    else
      for (const tenant of tenants)
        registry.open(tenant).catch((error: unknown) => {
          logger.error({ error, tenant }, 'the catalogue of a new key cannot be loaded');
        });
  }

  stop(): Promise<void> {
    return this.#watch.stop();
  }
}
