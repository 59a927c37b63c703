/** The bounds of the scoring backends, and of re-ranking what is given: a part of `limits`, which is where they are read. */
export const rerankLimits = {
  /** Requests and candidates of one call of the scorer. */
  rerankBatchRequestsMax: 32,
  rerankBatchRowsMax: 32_000,
  /** A batch that takes longer than this holds up no other: the next ones go to another backend meanwhile. */
  rerankOvertakeMs: 100,
  /** How long a scoring backend may take for a batch; more where it was measured to be slow, ... */
  rerankAnswerMsMax: 1_000,
  /** ... namely so many times what was measured. */
  rerankSlownessMax: 20,
  /** The same over a table that it was not measured on: it may have to copy that first, or compile something. */
  rerankFirstAnswerMsMax: 2_000,
  /** How long a call may stay open in a backend after it was given up. */
  rerankHungMsMax: 1_000,
  /** Failed calls in a row after which a scoring backend is not used any more. */
  rerankFailuresMax: 3,
  /** Time for measuring the scoring backends over one kind of table, and the longest that one call may hold the loop. */
  calibrationMsMax: 2_000,
  calibrationSliceMs: 5,
  /** How long one call of a backend may take while it is measured. */
  calibrationCallMsMax: 1_000,
  /** Measurements of one cell: an odd number has a middle one. */
  calibrationRounds: 7,
  /** A table of fewer documents is not measured: all of it would lie in the processor's first cache. */
  calibrationDocumentsMin: 300,
  /** Pause between the first sight of a table and its calibration, so that a start is not slowed down. */
  calibrationDelayMs: 200,
  /** Pause before measuring again what could not be measured, or without a backend that refused the table. */
  calibrationRetryMs: 60_000,
  /** Kinds of tables (tier and dimension class) that are measured in one process. */
  calibrationsMax: 16,
  /** A calibration of an earlier run that is older is measured anew. */
  calibrationAgeMsMax: 7 * 86_400_000,
  calibrationFileBytesMax: 1 << 20,
  /** Vectors that a tfjs backend keeps as tensors, over all tables; a table beyond it is served by another backend. */
  tfjsTableBytesMax: 1 << 30,
  /** One tensor of a table: what an update copies. */
  tfjsChunkBytes: 32 << 20,
  /** What is copied for a tfjs backend in one turn of the event loop. */
  tfjsUploadSliceBytes: 4 << 20,
  tfjsAnswerMsMax: 5_000,
  tfjsLoadMsMax: 60_000,
  /** Failures in a row after which a tfjs backend is not started again. */
  tfjsRestartsMax: 3,
  /** Calls of the native scorer that may be under way: searches in flight, each with a scan, and batches. */
  nativeSlotsMax: 192,
  /** Jobs that wait for one of its threads. */
  nativeQueueMax: 128,
  /** Memory of one slot: at first, kept between calls, and at most. */
  nativeArenaBytesMin: 64 << 10,
  nativeArenaBytesKept: 8 << 20,
  nativeArenaBytesMax: 128 << 20,
  /** Products of dimension and candidates up to which a call runs at once: about 100 us, less than two changes of thread. */
  nativeSyncProductsMax: 600_000,
  nativeScanHitsMax: 1_000_000,
  /** How long opening a library may take in the process that tries it: drivers take seconds at the first start. */
  nativeProbeMsMax: 15_000,
  /** Vectors of a table below which the processor has read it before a device would answer. */
  deviceScanBytesMin: 4 * 2 ** 20,
  /** Tables that a device keeps copies of. */
  deviceTablesMax: 8,
  /** Pause after an upload that failed. */
  deviceUploadRetryMs: 10_000,

  // given documents and texts
  rerankBodyBytesMax: 4 << 20,
  /** Texts of one request that are embedded to be ranked; more are ranked by their words. */
  rerankEmbeddedTextsMax: 100,
  /** How many of them are asked for at once: what is through is kept, also where the deadline passes before the rest. */
  rerankEmbedBatchTexts: 8,
  /** Characters that count as one token where a request says how many of a text's are read. */
  rerankTokenChars: 4,
  /** Characters of texts that are counted between two turns of the event loop. */
  rerankTurnChars: 32_768,
  /** Documents that an answer lists as dropped by rules. */
  rerankDroppedMax: 100,
} as const;
