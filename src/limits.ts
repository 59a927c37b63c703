import { commandLimits } from './command-limits.ts';
import { mcpLimits } from './mcp-limits.ts';
import { milvusLimits } from './milvus-limits.ts';
import { neo4jLimits } from './neo4j-limits.ts';
import { rerankLimits } from './rerank-limits.ts';
import { storeLimits } from './store-limits.ts';
import { wordLimits } from './word-limits.ts';

/**
 * Every bound of the service in one table: sizes, depths, counts and times that input, queues, loops and
 * caches are held to. Units come last in the name. A bound that is wrong is changed here and nowhere else.
 */
export const limits = {
  // request bodies
  searchBodyBytesMax: 1 << 20,
  batchBodyBytesMax: 4 << 20,
  documentBodyBytesMax: 1 << 20,
  bulkBodyBytesMax: 256 << 20,
  bulkLineBytesMax: 1 << 20,
  jsonDepthMax: 32,
  bulkLinesMax: 1_000_000,
  bulkBatchBytesMax: 4 << 20,
  /** Field problems that one error lists. */
  errorFieldsMax: 20,
  listPageBytesMax: 8 << 20,

  // search
  kMax: 100,
  kDefault: 10,
  queryCharsMax: 2_000,
  likeIdsMax: 50,
  batchSearchesMax: 32,
  timeoutMsMin: 20,
  timeoutMsMax: 10_000,
  timeoutMsDefault: 500,

  // predicates
  predicateDepthMax: 5,
  predicateTermsMax: 100,
  predicateValuesMax: 1_000,

  // plan
  legDepthMax: 1_000,
  legDepthDefault: 300,
  windowMax: 1_000,
  rankDepthDefault: 100,
  rankDepthMax: 300,
  /** Rows a backend hands over beyond R, so that exact rescoring cannot miss one that belongs into the top R. */
  rescoreMargin: 32,
  /** Below this share of passing documents a predicate is pushed into every leg. */
  pushdownShare: 0.3,

  /** Latencies older than this do not count where there are others: how soon a slow leg that recovered is back. */
  latencyMemoryMs: 10_000,
  /** Latencies of a leg before plans rest on them. */
  latencySamplesMin: 4,

  // policies and rules
  /** Rules of one request, policy or context. */
  rulesMax: 100,
  tenantRulesMax: 500,
  contextsMax: 64,
  contextDescriptionCharsMax: 1_000,
  /** Declared preferences of one policy, over all facets. */
  preferencesMax: 1_000,
  softRuleByMax: 0.5,
  spacingGapMax: 50,
  freshnessDaysMax: 100_000,
  policyBodyBytesMax: 1 << 20,
  /**
   * Attempts at a change that named no version and met another writer. Each round at least one of the writers gets
   * through, and no more than userRequestsInFlightMax of this process write at once.
   */
  policyAttemptsMax: 64,
  /** Steps of the search for an order that keeps all list-wise rules, before the best one found is taken. */
  listOrderStepsMax: 4_000,
  /** Orders by the policy's rules that are looked at to find the pins of a request which cost those something. */
  listPinOrdersMax: 16,
  /** Orders that are looked at to say which list-wise rules moved one document down, ... */
  listExplainOrdersMax: 64,
  /** ... and fewer where each costs more: orders times rules, which keeps an explanation near a tenth of a second. */
  listExplainWorkMax: 1_000,
  /** How old a policy may be that answers for a store that does not. */
  policyStaleMsMax: 600_000,
  /**
   * What is kept in memory of users' policies and states, and of tenants' rules: documents, learned values and members
   * of rules, about 200 bytes each, so 200 MB.
   */
  headCacheWeightMax: 1_000_000,

  // events
  eventsPerRequestMax: 1_000,
  eventIdCharsMax: 128,
  eventBodyBytesMax: 1 << 20,
  /** An event's time may be this much ahead of ours; what is more is taken for this. */
  eventFutureMsMax: 300_000,
  /** Events that wait for their commit. */
  eventQueueMax: 10_000,
  /** Events of one commit, which a request must fit into, and of one round of applying. */
  eventBatchMax: 1_000,
  /** Users whose events are applied in one transaction: bounds how long others wait for the store. */
  eventApplyUsersMax: 32,
  /** How long users are left out whose events the store refused, and how many of them at once. */
  eventSetAsideMs: 60_000,
  eventSetAsideUsersMax: 1_000,
  eventApplyPollMs: 250,
  /** The same while there are events of tenants without a catalogue, which every look has to pass over. */
  eventApplySlowPollMs: 1_000,
  /** Events of a user that searches learn from before they are part of the user's state. */
  headPendingEventsMax: 1_000,
  exportPageEvents: 1_000,
  learnedPreferencesMax: 1_000,
  /** Documents of a user's state that are read, hidden ones first, then what was met last. */
  userDocumentsMax: 20_000,
  /** Facet values of a user's state that are read, those with the most evidence. */
  userValuesMax: 10_000,
  /** Documents of positive events that the graph starts from. */
  affinitySeedsMax: 50,

  // cached lists and cursors
  rankedCacheEntries: 1_000,
  rankedPersonalTtlMs: 300_000,
  rankedSharedTtlMs: 3_600_000,
  /** How long a list can be paged through. */
  cursorTtlMs: 600_000,
  cursorCharsMax: 1_000,
  /** How long a look at the kept lists may hold a search up. */
  listLookUpMsMax: 50,
  /** Questions of which it is remembered that a list was made for them. */
  answeredRemembered: 20_000,
  /** Erased users that searches under way are checked against before they keep a list. */
  erasuresRemembered: 1_000,
  /** Results of legs that do not depend on the user. */
  legCacheEntries: 64,
  /** Above this the word index's answers, one number per document, are not kept. */
  legCacheDocumentsMax: 100_000,

  // keys
  apiKeysMax: 10_000,
  apiKeyCharsMax: 256,
  keysFileBytesMax: 4 << 20,
  keysReloadMs: 5_000,
  /** Requests a second of a key that names no rate of its own. */
  keyRatePerSecondDefault: 100,
  keyRatePerSecondMax: 100_000,
  /** One request in this many seconds is the lowest rate of a key. */
  keyRateSecondsMax: 86_400,
  /** A key's `burst` is what it may ask for beyond its rate within this time. */
  keyBurstWindowMs: 10_000,
  /** Requests without a valid key, from one address, that are answered 401 within the window; the rest get 429. */
  failedKeysPerAddressMax: 30,
  failedKeysWindowMs: 60_000,
  /** Addresses that are counted; the one counted longest is forgotten for a new one. */
  failedKeyAddressesMax: 10_000,

  // documents
  idCharsMax: 256,
  titleCharsMax: 1_000,
  textCharsMax: 32_000,
  nameCharsMax: 64,
  facetsMax: 64,
  facetValuesPerDocumentMax: 1_000,
  facetValueCharsMax: 256,
  facetValuesTotalMax: 2_000_000,
  fieldsMax: 64,
  fieldStringCharsMax: 1_000,
  scaleValuesMax: 1_000,
  derivedRelationsMax: 64,
  relationsPerDocumentMax: 1_000,
  relationTypeCharsMax: 64,
  dimensionMax: 4_096,
  documentsMax: 1_000_000,
  listPageMax: 1_000,
  listPageDefault: 100,

  // vectors
  /** Multiplications of an exact scan between two turns of the event loop. */
  flatScanProductsPerTurn: 8_000_000,

  /** How long a query's vector waits for the user's taste where both can go in one search. */
  tasteJoinMsMax: 10,

  // graph
  graphSupportMax: 1_000,
  /** Documents whose SIMILAR_TO edges are kept computed, with the values they share: about 5 kB each. */
  similarEdgesCacheEntries: 20_000,
  similarEdgesMax: 20,
  relationDegreeMax: 100,
  relationshipsPerResultMax: 10,
  similarNeighboursMax: 100,

  // queues and caches
  rerankQueueMax: 1_024,
  ...commandLimits,
  ...rerankLimits,
  ...storeLimits,
  ...wordLimits,
  ...mcpLimits,
  ...milvusLimits,
  ...neo4jLimits,
  embedQueueMax: 1_024,
  embedBatchMax: 32,
  /** Tokens (padding included) that the built-in model works on at once: keeps one step near 100 ms. */
  embedStepTokensMax: 128,
  /** Estimated tokens sent to the built-in model in one batch: what a query may have to wait for. */
  embedBatchTokensMax: 128,
  /** Characters of a text that an embedder is given; the built-in model reads its first 128 tokens anyway. */
  embedTextCharsMax: 4_096,
  /** Failures in a row after which the built-in model is not started again. */
  embedRestartsMax: 5,
  embedBatchTimeoutMs: 30_000,
  /** Requests to an embedding server in flight. */
  embedRequestsMax: 64,
  embedResponseBytesMax: 16 << 20,
  embeddingCacheEntries: 10_000,
  predicateMaskCacheEntries: 64,
  facetCountValuesMax: 100,
  catalogueFacetValuesMax: 20,
  /** Catalogues of which it is remembered that their embedding was looked at. */
  catalogueSpacesRemembered: 10_000,
  projectorBatchRows: 500,
  /** Documents that one epoch may change after start-up: bounds how long publishing holds the event loop. */
  epochDocumentsMax: 100,
  projectorSliceMs: 5,
  /** Longest pause of a loop in the background after failures. */
  loopPauseMsMax: 5_000,
  /** Pauses between attempts to load a catalogue again: the first, then twice as long each time, up to the last. */
  reloadPauseMsMin: 250,
  reloadPauseMsMax: 30_000,
  /** Generations whose fill is remembered; a forgotten one is counted again. */
  catalogueFillEntries: 64,
  /** How long one look at `/readyz` waits for a part; one that has not answered by then counts as not there. */
  readyStoreMsMax: 1_000,
  readyEmbedderMsMax: 100,
  ingestBatchRows: 100,
  sqlQueueMax: 1_024,
  /** Writes of one transaction of the truth. */
  writeRowsMax: 1_000,
  tombstonePurgeRows: 1_000,
  /** Documents of a replaced catalogue that one transaction deletes. */
  sweepRows: 1_000,
  /** Written rows after which the embedded engine looks at its tables again, doubled up to vacuumAfterRows. */
  analyzeAfterRows: 200,
  /** Rewritten rows after which the embedded engine is vacuumed. */
  vacuumAfterRows: 10_000,
  /** Twice as many as end within the default deadline where all is computed in this process. */
  searchesInFlightMax: 64,
  /** Requests of one kind that wait for a place, and how long. */
  admissionQueueMax: 256,
  admissionWaitMsMax: 100,
  eventRequestsInFlightMax: 256,
  userRequestsInFlightMax: 64,
  /** Searches that are answered in parts. */
  streamsInFlightMax: 64,
  documentRequestsInFlightMax: 64,
  bulksInFlightMax: 8,
  httpConnectionsMax: 1_024,

  // times
  epochIntervalMs: 100,
  projectorPollMs: 100,
  searchableWaitMsMax: 10_000,
  readyLagMsMax: 2_000,
  drainMsMax: 8_000,
  /** How long the embedded engine may take to open, an interrupted run's log included. */
  engineOpenMsMax: 120_000,
  /** After this long without an answer the embedded engine counts as broken. */
  engineAnswerMsMax: 30_000,
  /** The same for a statement that goes through whole tables: vacuum, migration. */
  engineLengthyAnswerMsMax: 600_000,
  /** What is left to a worker thread to end once it was told to stop at once. */
  workerEndMsMax: 2_000,
  tombstoneHours: 24,
  tombstonePurgeIntervalMs: 60_000,
  lockHeartbeatMs: 5_000,
  /** A lock whose holder cannot be seen (another host or container) counts as left behind after this. */
  lockStaleMs: 20_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
  bulkIdleMsMax: 30_000,
  /** How long what a client still sends is read and thrown away after it was answered. */
  lingerMsMax: 2_000,
  keepAliveTimeoutMs: 72_000,
} as const;
