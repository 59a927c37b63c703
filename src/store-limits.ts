/** The bounds of stores outside the process and of calls to them: a part of `limits`, which is where they are read. */
export const storeLimits = {
  /** Calls to one store that are under way at once, those included that nobody waits for any more. */
  storeCallsMax: { postgres: 256, milvus: 64, neo4j: 32, redis: 256 },
  /** How long a call that nobody waits for any more takes up room while its client does not end it. */
  storeAbandonedMsMax: 30_000,
  /** When half of the room is taken by such calls the client is built anew, no more often than this. */
  storeRebuildIntervalMs: 10_000,
  /** A store is left alone when more than this share of its calls within the window failed, ... */
  storeFailedShareMax: 0.5,
  storeWindowMs: 10_000,
  /** ... of at least so many: a single failure says little. */
  storeWindowCallsMin: 4,
  /** How long it is left alone before one call tries it: the first time at least this, then twice as long each time. */
  storeOpenMsMin: 1_000,
  storeOpenMsMax: 5_000,
  /** A call that tries it and takes longer than this goes on, but the next one need not wait for what becomes of it. */
  storeTryMsMax: 5_000,
  /** Second attempts as a share of the calls, and how many may be saved up. */
  storeRetryShare: 0.1,
  storeRetriesMax: 10,
  /** Kinds of calls to one store whose times are kept apart. */
  storeOperationsMax: 32,

  // indexes outside the process
  /** Documents that one call writes to an index outside the process. */
  sharedIndexBatchMax: 100,
  /** How long a worker may hold documents that it brings into such an index. */
  syncLeaseMs: 60_000,
  /** Documents of before an index followed that one transaction marks as due. */
  syncMarkRows: 1_000,
  /** Looks for something to hold before it counts as nothing: others may take it first. */
  syncClaimAttemptsMax: 8,
  syncReasonCharsMax: 500,
  /** How often it is looked whether other processes left something to do for such an index. */
  syncPollMs: 250,
  /** Between looks of somebody who waits until such an index has caught up. */
  syncWaitMs: 50,
  /** How often it is counted what is left to do while there is something. */
  syncLookMs: 1_000,
  /** Pauses after failures: the first, then twice as long each time, up to the last. */
  syncPauseMsMin: 500,
  syncPauseMsMax: 60_000,
  /** Generations that are passed over for a while at the same time; more take the place of the first. */
  syncPausedMax: 1_000,
  /** Generations of which is remembered that an index has a place for them. */
  syncPreparedMax: 1_000,
  /** How long it is said what somebody has to change in an index: longer than it is until it is tried again. */
  syncProblemMs: 180_000,
  /** How long others wait for the place of one generation in such an index; then it is made beside them. */
  syncMakeWaitMs: 5_000,
  /** Places that may be made beside the rest when documents of another one are due. */
  syncMakingMax: 8,
  /** Tenants of whom one look finds out whether an index has everything. */
  syncTenantsPerLook: 1_000,
  /** How often it is looked for what is left of catalogues that are gone. */
  syncSweepMs: 60_000,
  /** How often it is looked whether an index still has the live catalogues, and how many of them each time. */
  syncCheckMs: 10_000,
  syncChecksMax: 20,
  /** How long the end of the service waits for what is being brought into such an index. */
  syncEndMsMax: 5_000,
  /** How long making a generation live waits while an index outside the process does not get any further with it. */
  syncStalledMsMax: 60_000,

  // Postgres
  /** Connections to a Postgres server, for requests and for work in the background. */
  sqlServeConnectionsMax: 12,
  sqlWorkConnectionsMax: 4,
  /** How many of them may be in use for writing. */
  sqlServeWritesMax: 8,
  sqlWorkWritesMax: 3,
  /** How long a call to it may take, its wait for a connection included. */
  sqlServeMsMax: 10_000,
  sqlWorkMsMax: 30_000,
  sqlReadMsMax: 2_000,
  /** How long a call waits for a connection, free or new. */
  sqlConnectMsMax: 3_000,
  sqlIdleMsMax: 60_000,
  /** Older connections are replaced: behind a name there may be another server by now. */
  sqlConnectionSecondsMax: 1_800,
  sqlKeepAliveMs: 10_000,
  /** Pauses between looks at a server that cannot be used yet. */
  sqlRecheckMsMin: 500,
  sqlRecheckMsMax: 10_000,
  /** How long a migration waits for another one of the same database. */
  migrationWaitMsMax: 60_000,
  migrationPollMs: 200,
  /** How long a step waits for a table that others use, and how often it tries. */
  migrationLockMsMax: 3_000,
  migrationAttemptsMax: 20,

  // Redis
  /** How long a look into the shared cache may hold a search up, and a write may take that nobody waits for. */
  redisReadMsMax: 25,
  redisWriteMsMax: 500,
  /** Writes under way; more are left out. */
  redisWritesMax: 32,
  redisConnectMsMax: 1_000,
  /** After this a command that was not answered is ended, and after twice this a connection that is silent. */
  redisCommandMsMax: 1_000,
  redisReconnectMsMax: 1_000,
  /** Larger values are not shared. */
  redisValueBytesMax: 1 << 20,
  redisKeyBytesMax: 2_048,
  /** Entries live up to this share longer than asked, by chance, so that they do not all end at once. */
  redisTtlJitter: 0.1,
  /** Keys that one step of a deletion by prefix goes through, and its time. */
  redisSweepKeys: 1_000,
  redisSweepStepMsMax: 2_000,
  redisSweepStepsMax: 100_000,
  /** Deletions that could not be made, which are tried again this often for as long as any entry lives. */
  redisOwedDeletionsMax: 1_000,
  redisOwedDeletionIntervalMs: 5_000,
  redisOwedDeletionMsMax: 4_000_000,
  /** Entries of shared caches that are kept in the process as well. */
  sharedLegEntries: 512,
  /** Documents whose score is kept with the answer of a leg. */
  legScoresMax: 4_000,
  /** An answer to words is kept with all documents that have one of them, up to so many; else with those recalled. */
  legScoresWholeMax: 3_000,

  // start
  /** How long the start waits for stores outside the process before the service goes on without them. */
  storeBootMsMax: 2_000,
  /** How long `triptych doctor` waits for a store. */
  doctorStoreMsMax: 5_000,
  doctorPauseMs: 50,
  /** Catalogues of which it says whose vectors they have. */
  doctorCataloguesMax: 20,
  /** How often it is looked for catalogues that other processes may have made, and for how many tenants at a time. */
  catalogueWatchMs: 1_000,
  catalogueWatchTenants: 100,

  // vectors that are not in memory
  /** Vectors beyond the resident documents: those of replaced ones that a search may still read. */
  residentRowsSpare: 1_000,
  /** Documents of which is counted how often searches ask for them, and how often that must be for one to be promoted. */
  demandedDocumentsMax: 20_000,
  promotionReadsMin: 3,
  /** Documents that are promoted at a time, and the share of the resident ones that they may have in all. */
  promotionRowsMax: 256,
  promotedShareMax: 0.25,
  /** Between promotions, where an epoch begins anyway, and where one begins for them. */
  promotionMsMin: 30_000,
  promotionMsMax: 60_000,
  /** How long the documents of a user's events may take to be read before they are applied. */
  eventReadMsMax: 5_000,
} as const;
