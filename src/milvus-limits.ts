/** The bounds of the Milvus adapter: a part of `limits`, which is where they are read. */
export const milvusLimits = {
  /** Calls of one process to Milvus at once, for searches and, apart from them, for what runs in the background. */
  milvusPoolMax: 16,
  milvusPoolMin: 1,
  /** How long a call may wait for a place among them, and how many may wait. */
  milvusAcquireMs: 50,
  milvusWaitingMax: 64,
  /** What one search of Milvus returns at most, for each vector. */
  milvusTopMax: 16_384,
  /** The same where GPU_CAGRA searches. */
  milvusCagraTopMax: 1_024,
  /** Hits beyond those wanted: documents of equal scores at the cut come in Milvus' order, not in ours. */
  milvusTieMargin: 24,
  /** How many times as many hits are asked for where a filter could not be given to Milvus as a whole. */
  milvusOverFetch: 4,
  /** Fields of a collection; facets and fields beyond that are not kept there, and filter here. */
  milvusFieldsMax: 64,
  /** A longer filter, or one of more values, is left to this process: 5,000 ids cost Milvus 100 ms. */
  milvusFilterBytesMax: 128 << 10,
  milvusFilterValuesMax: 1_000,
  /** What Milvus has acknowledged so long ago a `Bounded` search sees: its `common.gracefulTime`. */
  milvusStaleMs: 5_000,
  /** How long one write may take, less than half of a worker's lease on its documents. */
  milvusWriteMs: 20_000,
  /** Making, filling and loading a collection: 3 s for an empty one. */
  milvusPrepareMs: 120_000,
  /** A collection that nobody uses is dropped when it is older than this: a younger one may still be being prepared. */
  milvusUnusedMsMin: 240_000,
  milvusAskMs: 10_000,
  milvusPingMs: 2_000,
  /** How long what was read about a collection is used before it is read again, beside the searches. */
  milvusDescribedMs: 300_000,
  /** Reasons why a filter was not pushed down that are written to the log. */
  milvusReasonsTold: 100,
  /** Collections that are remembered. */
  milvusCollectionsRemembered: 1_000,
  /** Calls in a row without an answer after which the client and its connections are replaced, ... */
  milvusSilentCallsMax: 3,
  /** ... where the row has lasted so long. */
  milvusSilentMsMax: 1_000,
  /** How long a client that is closed may wait for its calls under way. */
  milvusCloseMs: 2_000,
  /** Rows of one page while versions are listed, and of a remembered range of ids. */
  milvusPageRows: 8_192,
  /** Catalogues whose ranges of ids are remembered. */
  milvusRangesRemembered: 256,
  /** Collections beside the first where documents are kept apart by a value; more values share the first. */
  milvusShardsMax: 63,
  /** How long the list of these is used before it is read again, beside the searches. */
  milvusShardsMs: 5_000,
} as const;
