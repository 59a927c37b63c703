/** The bounds of the Neo4j adapter: a part of `limits`, which is where they are read. */
export const neo4jLimits = {
  /** Connections for searches, as many as calls may be under way (storeCallsMax), ... */
  neo4jConnectionsMax: 32,
  /** ... and for what runs in the background. */
  neo4jWorkConnectionsMax: 4,
  neo4jConnectMsMax: 2_000,
  /** The same with the wait for a connection to be free; what a call may wait is its own time. */
  neo4jAcquireMsMax: 2_500,
  neo4jConnectionLifetimeMs: 3_600_000,
  /** A connection that was idle for longer is tried before it is used. */
  neo4jLivenessCheckMs: 30_000,
  /** Rows that the server sends before it waits to be asked for more: more than any answer of a search has. */
  neo4jFetchRows: 10_000,
  /** Catalogues whose edges are kept as unpacked last, and how many documents of one before it begins anew: 5 kB each. */
  neo4jEdgeBooksMax: 4,
  neo4jEdgeBookUnpackingsMax: 5_000,
  /** One statement or transaction of those that write; several of them fit into a lease. */
  neo4jWriteMsMax: 15_000,
  /** One statement about the schema of the database, which builds an index. */
  neo4jSchemaMsMax: 30_000,
  /** Documents whose edges one transaction computes, and the values that they may have in all (but for a single one). */
  neo4jRefreshDocuments: 200,
  neo4jRefreshValues: 4_000,
  /** Documents whose edges are computed before a write is reported as applied; the rest follows in the background, ... */
  neo4jRefreshPerApply: 200,
  /** ... in the pauses of this process's writes, which it looks for this often. */
  neo4jRefreshQuietMs: 250,
  /** Nodes of a dropped generation that one transaction deletes. */
  neo4jDropNodes: 200,
} as const;
