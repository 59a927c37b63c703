import { limits } from '../../limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { GraphStore } from '../../ports/graph-store.ts';
import type { Logger } from '../../ports/logger.ts';
import type { StoreCaller } from '../../ports/store-caller.ts';
import { Neo4jConnection } from './neo4j-connection.ts';
import { Neo4jGraphStore } from './neo4j-graph-store.ts';
import { Neo4jIndex } from './neo4j-index.ts';
import type { Neo4jOptions } from './neo4j-options.ts';

export interface Neo4jParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** For searches. */
  readonly caller: StoreCaller;
  /** For what runs in the background, which must neither take connections from searches nor speak for the store's health. */
  readonly workCaller: StoreCaller;
}

export interface Neo4jGraph {
  readonly graph: GraphStore;
  readonly shared: Neo4jIndex;
  close(): Promise<void>;
}

/**
 * Neo4j for searching and for being kept, with a pool for each. Nothing is asked of it here: it may be down.
 * @throws TriptychError invalid_settings
 */
export function openNeo4j(options: Neo4jOptions, parts: Neo4jParts): Neo4jGraph {
  const { clock, logger, caller, workCaller } = parts;
  const connect = (connectionsMax: number, of: StoreCaller): Neo4jConnection => {
    const connection = new Neo4jConnection({ ...options, connectionsMax }, clock);
    of.onStuck(() => connection.rebuild());
    return connection;
  };
  const serving = connect(limits.neo4jConnectionsMax, caller);
  const working = connect(limits.neo4jWorkConnectionsMax, workCaller);
  const shared = new Neo4jIndex(working, { clock, logger, caller: workCaller });
  return {
    graph: new Neo4jGraphStore(serving, caller),
    shared,
    close: async () => {
      serving.close();
      await shared.close();
    },
  };
}
