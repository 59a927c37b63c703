/** Bounds of `triptych eval`. */
export const evalLimits = {
  /** Bytes of a file of queries, judgements or a run. */
  fileBytesMax: 256 << 20,
  queriesMax: 100_000,
  queryIdCharsMax: 256,
  /** Profiles and runs that one evaluation compares. */
  systemsMax: 16,
  /** Searches in flight at once. */
  searchesInFlightMax: 4,
  /** Sign patterns of a significance test. */
  testRounds: 10_000,
} as const;
