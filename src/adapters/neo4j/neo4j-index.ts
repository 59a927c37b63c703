import type { Catalogue, DerivedRelation } from '../../domain/catalogue-schema.ts';
import type { DocumentChange } from '../../domain/document.ts';
import { generationKey } from '../../domain/generation-key.ts';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { CatalogueKey, IndexedVersion, SharedIndex } from '../../ports/shared-index.ts';
import type { StoreCaller } from '../../ports/store-caller.ts';
import { LruMap } from '../../std/lru-map.ts';
import { applyChanges, type KeyParameters } from './apply-changes.ts';
import { type Bolt, integer, type Row, type Statements } from './neo4j-connection.ts';
import { refreshEdges } from './refresh-edges.ts';
import { RefreshLoop } from './refresh-loop.ts';
import * as write from './write-statements.ts';

export interface Neo4jIndexParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly caller: StoreCaller;
}

/**
 * The graph in Neo4j, following the truth. A document's write is one transaction, which also marks every document whose
 * edges may change by it; then the edges of marked documents are computed anew, by the code of the in-process graph, from
 * what is around them. `apply` does that for limits.neo4jRefreshPerApply documents; what is left, after a load in bulk,
 * say, follows in the background, by whichever process gets to it. Writers of one generation take turns (a lock on its
 * node), so an edge is always computed from a state that nobody is changing; the mark is in the database, so nothing is
 * forgotten when a process dies.
 */
export class Neo4jIndex implements SharedIndex {
  readonly name = 'neo4j';
  readonly visibleAfterMs = 0;
  readonly #bolt: Bolt;
  readonly #parts: Neo4jIndexParts;
  readonly #loop: RefreshLoop;
  /** The schema of the database, made once; shared by calls that come together. */
  #schema: Promise<void> | null = null;
  /** When old deletions were purged (monotonic), by generation and tenant. */
  readonly #purgedAtMs = new LruMap<number>(limits.catalogueFillEntries);

  constructor(bolt: Bolt, parts: Neo4jIndexParts) {
    this.#bolt = bolt;
    this.#parts = parts;
    this.#loop = new RefreshLoop({ ...parts, refresh: (key) => this.#refresh(key, null) });
  }

  async prepare(tenant: string, { generation, schema }: Catalogue): Promise<boolean> {
    await this.#prepareSchema();
    const key = { tenant, generation };
    const relations = JSON.stringify(schema.relations);
    const [row] = await this.#alone('prepare', write.prepareStatement, { ...parametersOf(key), relations });
    // A process that died may have left marks.
    this.#loop.add(key);
    return row?.isNew === true;
  }

  async hasPlace(key: CatalogueKey): Promise<boolean> {
    const rows = await this.#call('place', (timeoutMs) =>
      this.#bolt.read(write.placeStatement, parametersOf(key), timeoutMs),
    );
    return rows.length > 0;
  }

  /** @throws TriptychError invalid_document for a value that Neo4j cannot hold; unavailable before `prepare`; those of StoreCaller */
  async apply(key: CatalogueKey, changes: readonly DocumentChange[]): Promise<void> {
    if (changes.length > 0) await this.#loop.during(() => this.#apply(key, changes));
  }

  async activate(key: CatalogueKey): Promise<void> {
    // Readers name the generation; this is for people who look at the graph.
    await this.#alone('activate', write.activateStatement, parametersOf(key));
  }

  async drop(key: CatalogueKey): Promise<void> {
    this.#loop.remove(key);
    // Without its node nobody writes to the generation any more.
    await this.#inTurn('drop', key, (statements) =>
      statements.run(write.dropCatalogueStatement, parametersOf(key)),
    );
    const parameters = { ...parametersOf(key), limit: integer(limits.neo4jDropNodes) };
    for (const statement of write.dropStatements) {
      for (let deleted = 1; deleted > 0; ) {
        const [row] = await this.#alone('drop', statement, parameters);
        deleted = row!.deleted as number;
      }
    }
  }

  async versions(
    key: CatalogueKey,
    afterId: string | null,
    limit: number,
  ): Promise<readonly IndexedVersion[]> {
    const parameters = { ...parametersOf(key), after: afterId ?? '', limit: integer(limit) };
    return this.#call('versions', (timeoutMs) =>
      this.#bolt.read<IndexedVersion & Row>(write.versionsStatement, parameters, timeoutMs),
    );
  }

  async ping(): Promise<void> {
    await this.#parts.caller.call({ operation: 'ping', timeoutMs: limits.readyStoreMsMax }, (timeoutMs) =>
      this.#bolt.read(write.pingStatement, {}, timeoutMs),
    );
  }

  /** Tenants of whom edges are still to be computed, by whichever process. */
  async unfinished(tenants: readonly string[]): Promise<readonly string[]> {
    const rows = await this.#call('unfinished', (timeoutMs) =>
      this.#bolt.read<{ readonly tenant: string } & Row>(write.unfinishedStatement, { tenants }, timeoutMs),
    );
    return rows.map(({ tenant }) => tenant);
  }

  /** Resolves when no edge of the generations that this process has written to waits to be computed. */
  settled(): Promise<void> {
    return this.#loop.idle();
  }

  async close(): Promise<void> {
    // Work under way would wait for a server that hangs.
    this.#bolt.close();
    await this.#loop.stop();
  }

  async #prepareSchema(): Promise<void> {
    const make = async (): Promise<void> => {
      for (const statement of write.schemaStatements)
        await this.#call(
          'prepare',
          (ms) => this.#bolt.writeAlone(statement, {}, ms),
          limits.neo4jSchemaMsMax,
        );
    };
    this.#schema ??= make();
    try {
      await this.#schema;
    } catch (error) {
      this.#schema = null;
      throw error;
    }
  }

  async #apply(key: CatalogueKey, changes: readonly DocumentChange[]): Promise<void> {
    const nowMs = this.#parts.clock.epochMs();
    const live = await this.#inTurn('apply', key, (statements, derived) =>
      applyChanges(statements, parametersOf(key), derived, changes, nowMs),
    );
    if (live === null)
      throw new TriptychError('unavailable', 'the generation is not prepared in Neo4j, or it is gone');
    await this.#refreshAfter(key, live);
    await this.#purge(key);
  }

  /** The documents are written by now, and marked: what fails here is done in the background. */
  async #refreshAfter(key: CatalogueKey, ids: readonly string[]): Promise<void> {
    try {
      let done = ids.length === 0 ? 0 : await this.#refresh(key, ids);
      while (done < limits.neo4jRefreshPerApply) {
        const last = await this.#refresh(key, null);
        if (last === 0) return;
        done += last;
      }
    } catch (error) {
      this.#parts.logger.warn({ error, index: this.name }, 'edges of the graph are computed later');
    }
    this.#loop.add(key);
  }

  async #refresh(key: CatalogueKey, ids: readonly string[] | null): Promise<number> {
    const refreshed = await this.#inTurn('refresh', key, (statements, derived) =>
      refreshEdges(statements, parametersOf(key), derived, ids),
    );
    return refreshed ?? 0;
  }

  /** Now and then, what need not be remembered of deletions. */
  async #purge(key: CatalogueKey): Promise<void> {
    const { clock, logger } = this.#parts;
    const name = generationKey(key);
    const lastMs = this.#purgedAtMs.get(name) ?? Number.NEGATIVE_INFINITY;
    if (clock.nowMs() - lastMs < limits.tombstonePurgeIntervalMs) return;
    this.#purgedAtMs.set(name, clock.nowMs());
    const parameters = {
      ...parametersOf(key),
      before: integer(clock.epochMs() - limits.tombstoneHours * 3_600_000),
      limit: integer(limits.tombstonePurgeRows),
    };
    try {
      await this.#inTurn('purge', key, (statements) => statements.run(write.purgeStatement, parameters));
    } catch (error) {
      logger.warn({ error, index: this.name }, 'old deletions are not purged');
    }
  }

  /** One transaction in the turn of its generation; null: the generation is not there. */
  #inTurn<T>(
    operation: string,
    key: CatalogueKey,
    work: (statements: Statements, derived: readonly DerivedRelation[]) => Promise<T>,
  ): Promise<T | null> {
    return this.#call(operation, (timeoutMs) =>
      this.#bolt.write(timeoutMs, async (statements) => {
        const [turn] = await statements.run(write.turnStatement, parametersOf(key));
        if (turn === undefined) return null;
        return work(statements, JSON.parse(turn.relations as string) as DerivedRelation[]);
      }),
    );
  }

  #alone(
    operation: string,
    cypher: string,
    parameters: Readonly<Record<string, unknown>>,
  ): Promise<readonly Row[]> {
    return this.#call(operation, (timeoutMs) => this.#bolt.writeAlone(cypher, parameters, timeoutMs));
  }

  #call<T>(
    operation: string,
    attempt: (timeoutMs: number) => Promise<T>,
    timeoutMs: number = limits.neo4jWriteMsMax,
  ): Promise<T> {
    // A transaction that was lost with its connection may have been done: each writes what is not there, so again does it.
    return this.#parts.caller.call({ operation, timeoutMs, repeatable: true }, attempt);
  }
}

function parametersOf({ tenant, generation }: CatalogueKey): KeyParameters {
  return { tenant, generation: integer(generation) };
}
