import neo4j, { type Driver } from 'neo4j-driver';
import { openStoreCaller } from '../../src/adapters/cockatiel/open-store-caller.ts';
import type { Neo4jIndex } from '../../src/adapters/neo4j/neo4j-index.ts';
import type { Neo4jOptions } from '../../src/adapters/neo4j/neo4j-options.ts';
import { type Neo4jGraph, openNeo4j } from '../../src/adapters/neo4j/open-neo4j.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import type { DocumentChange } from '../../src/domain/document.ts';
import { limits } from '../../src/limits.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { GraphStore } from '../../src/ports/graph-store.ts';
import type { CatalogueKey } from '../../src/ports/shared-index.ts';
import type { Engines } from './engines.ts';
import type { RecallSubject } from './recall-subject.ts';
import { RecordingStoreMeter } from './store-caller-fixture.ts';

type Engine = Engines['neo4j'];

export function neo4jOptions({
  uri,
  user,
  password,
}: Pick<Engine, 'uri' | 'user' | 'password'>): Neo4jOptions {
  return { uri, user, password, database: null, ca: null };
}

const silent = { info() {}, warn() {}, error() {} };

/** As it is wired in the service, with what is measured of each pool. */
export function openTestNeo4j(options: Neo4jOptions, logger = silent, clock: Clock = systemClock) {
  const [meter, workMeter] = [new RecordingStoreMeter(), new RecordingStoreMeter()];
  const caller = openStoreCaller({ store: 'neo4j' }, { clock, meter, logger });
  const workCaller = openStoreCaller(
    { store: 'neo4j', pool: 'work', callsMax: limits.neo4jWorkConnectionsMax },
    { clock, meter: workMeter, logger },
  );
  return { ...openNeo4j(options, { clock, logger, caller, workCaller }), caller, workCaller, meter };
}

/** A plain driver, for looking at what was written. */
export function neo4jDriver({ uri, user, password }: Engine): Driver {
  return neo4j.driver(uri, neo4j.auth.basic(user, password), { disableLosslessIntegers: true });
}

let next = 0;

/** A generation that no other test, and no earlier run, has. */
export function freshKey(generation = 1): CatalogueKey {
  return { tenant: `test-${process.pid}-${Date.now()}-${next++}`, generation };
}

/** Graph and index over one server; the generations that were written are dropped at the end. */
export class Neo4jSubject implements RecallSubject<GraphStore> {
  readonly port: GraphStore;
  readonly index: Neo4jIndex;
  readonly #opened: Neo4jGraph;
  readonly #tenants = new Set<string>();
  #version = 0;

  constructor(engine: Engine) {
    this.#opened = openTestNeo4j(neo4jOptions(engine));
    this.port = this.#opened.graph;
    this.index = this.#opened.shared;
  }

  async write(
    tenant: string,
    schema: Parameters<RecallSubject<GraphStore>['write']>[1],
    changes: readonly DocumentChange[],
  ): Promise<void> {
    const key = { tenant, generation: 1 };
    if (!this.#tenants.has(tenant)) {
      await this.index.drop(key);
      await this.index.prepare(tenant, { schema, generation: 1 });
    }
    this.#tenants.add(tenant);
    for (let at = 0; at < changes.length; at += 100)
      await this.index.apply(
        key,
        changes.slice(at, at + 100).map((change) => this.#newer(change)),
      );
    await this.index.settled();
  }

  async close(): Promise<void> {
    for (const tenant of this.#tenants) await this.index.drop({ tenant, generation: 1 });
    await this.#opened.close();
  }

  /** As in the truth, where a version is never older than what was there. */
  #newer(change: DocumentChange): DocumentChange {
    const version = ++this.#version;
    return change.kind === 'put'
      ? { kind: 'put', document: { ...change.document, version } }
      : { ...change, version };
  }
}
