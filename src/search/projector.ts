import { setImmediate } from 'node:timers/promises';
import type { Catalogue } from '../domain/catalogue-schema.ts';
import type { DocumentChange, StoredEmbedding } from '../domain/document.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { ChangeCursor, DocumentStore } from '../ports/document-store.ts';
import type { Logger } from '../ports/logger.ts';
import type { Meter } from '../ports/meter.ts';
import { ActiveCatalogue, type CatalogueParts } from './active-catalogue.ts';
import { WorkLoop } from './work-loop.ts';

export interface ProjectorParts extends CatalogueParts {
  readonly store: DocumentStore;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly logger: Logger;
}

export interface ProjectorEvents {
  /** Called once when this projector cannot go on: tombstones that it needs, or its generation, are gone. */
  onBehind(): void;
  /** Called after each epoch that was published. */
  onEpoch(): void;
}

/**
 * Follows one catalogue generation from the truth into memory: the only writer of the resident table and of the
 * in-process indexes. One pass reads what is new and publishes it as one epoch; a pass follows every `nudge` and, for
 * writes of other processes, every projectorPollMs. Epochs are at least epochIntervalMs apart.
 */
export class Projector {
  readonly active: ActiveCatalogue;
  readonly #parts: ProjectorParts;
  #cursor: ChangeCursor | null = null;
  #lastPublishMs = Number.NEGATIVE_INFINITY;
  #lastPassMs = Number.NEGATIVE_INFINITY;
  #promotedAtMs: number;
  #stopped = false;
  readonly #loop: WorkLoop;
  readonly #events: ProjectorEvents;

  constructor(tenant: string, catalogue: Catalogue, parts: ProjectorParts, events: ProjectorEvents) {
    this.#parts = parts;
    this.#events = events;
    this.active = new ActiveCatalogue(tenant, catalogue, parts);
    this.#promotedAtMs = parts.clock.nowMs();
    this.#loop = new WorkLoop({
      clock: parts.clock,
      pass: () => this.#pass(limits.epochDocumentsMax),
      pollMs: () => limits.projectorPollMs,
      // The last epoch must be old enough.
      restMs: () => this.#lastPublishMs + limits.epochIntervalMs - parts.clock.nowMs(),
      retryMs: 2 * limits.projectorPollMs,
      onFailure: (error, failures) => this.#onFailure(error, failures),
    });
  }

  /** Loads everything there is. @throws TriptychError not_ready when it was stopped meanwhile; what the store throws */
  async load(): Promise<void> {
    // Nobody searches it yet, so everything becomes one epoch.
    await this.#pass(Number.POSITIVE_INFINITY);
  }

  start(): void {
    this.#loop.start();
  }

  /** Ends the loop, and a load under way after the page that it waits for. */
  stop(): Promise<void> {
    this.#stopped = true;
    return this.#loop.stop();
  }

  /** Says that something was committed. */
  nudge(): void {
    this.#loop.nudge();
  }

  /** Resolves when everything that is committed now is searchable. */
  caughtUp(): Promise<void> {
    return this.#loop.caughtUp();
  }

  /** Milliseconds since the last pass that reached the end of the changes. */
  get lagMs(): number {
    return this.#parts.clock.nowMs() - this.#lastPassMs;
  }

  #onFailure(error: unknown, failures: number): void {
    // Another generation was made live: this one has nothing left to follow.
    if (error instanceof TriptychError && error.code === 'no_catalogue') this.#giveUp();
    if (failures === 1 && !this.#stopped)
      this.#parts.logger.warn({ error }, 'projector pass failed, will be repeated');
  }

  /**
   * Reads on in the changes; what was read becomes visible in one turn. True when the end was reached, false when there
   * is more than one epoch may hold.
   */
  async #pass(documentsMax: number): Promise<boolean> {
    const { store, clock, meter } = this.#parts;
    const { tenant, generation } = this.active;
    const changes: DocumentChange[] = [];
    let cursor = this.#cursor;
    let reachedEnd = true;
    do {
      const rows = Math.min(limits.projectorBatchRows, documentsMax - changes.length);
      const page = await store.changes(tenant, generation, cursor, rows);
      this.#requireRunning();
      if (!page.complete) {
        this.#giveUp();
        return false;
      }
      await this.#prepare(page.changes);
      changes.push(...page.changes);
      cursor = page.cursor;
      reachedEnd = page.changes.length < rows;
    } while (!reachedEnd && changes.length < documentsMax);
    const wanted = await this.#readWanted(changes.length > 0);
    this.#publish(changes, wanted);
    this.#cursor = cursor;
    if (reachedEnd) this.#lastPassMs = clock.nowMs();
    meter.gauge('projector_lag_ms', reachedEnd ? 0 : this.lagMs);
    return reachedEnd;
  }

  /** Ends the loop; callers that wait are answered by `stop`, when the successor is loaded. */
  #giveUp(): void {
    if (!this.#loop.ended) this.#events.onBehind();
    this.#loop.end();
  }

  /** Analyses the changes in slices, so that requests are served in between. */
  async #prepare(changes: readonly DocumentChange[]): Promise<void> {
    const { clock } = this.#parts;
    let sliceEndMs = clock.nowMs() + limits.projectorSliceMs;
    for (const change of changes) {
      for (const projection of this.active.stores.projections)
        projection.prepare?.(this.active.tenant, change);
      if (clock.nowMs() < sliceEndMs) continue;
      await setImmediate();
      this.#requireRunning();
      sliceEndMs = clock.nowMs() + limits.projectorSliceMs;
    }
  }

  /** What is left of a load or a pass may take minutes. */
  #requireRunning(): void {
    if (this.#stopped) throw new TriptychError('not_ready', 'The catalogue is not followed any more.');
  }

  /**
   * What searches keep asking for and is not resident, to be promoted: now and then, sooner where an epoch begins anyway, because
   * one costs as much as the catalogue is large. It may come or not.
   */
  async #readWanted(beside: boolean): Promise<readonly StoredEmbedding[]> {
    const { store, clock } = this.#parts;
    const { tenant, generation, demand, table } = this.active;
    const sinceMs = clock.nowMs() - this.#promotedAtMs;
    if (sinceMs < (beside ? limits.promotionMsMin : limits.promotionMsMax)) return [];
    this.#promotedAtMs = clock.nowMs();
    const ids = table.wanted(demand.take()).slice(0, limits.promotionRowsMax);
    if (ids.length === 0) return [];
    const read = await store.embeddings(tenant, generation, ids).catch((): StoredEmbedding[] => []);
    this.#requireRunning();
    return read;
  }

  #publish(changes: readonly DocumentChange[], wanted: readonly StoredEmbedding[]): void {
    const { table, stores, tenant } = this.active;
    const before = table.current;
    for (const projection of changes.length === 0 ? [] : stores.projections)
      projection.apply(tenant, changes);
    table.apply(changes);
    table.promote(wanted);
    const snapshot = table.publish();
    if (snapshot === before) return;
    this.#lastPublishMs = this.#parts.clock.nowMs();
    // What was only promoted changes no answer.
    if (changes.length === 0) return;
    this.#parts.meter.projected(changes.length);
    this.#parts.meter.gauge('documents', snapshot.liveCount);
    this.#parts.meter.gauge('epoch_generation', snapshot.epoch.generation);
    this.#events.onEpoch();
  }
}
