/** The bounds of commands: a part of `limits`, which is where they are read. */
export const commandLimits = {
  /** Attempts to write one batch of an ingest before it stops (and can be continued). */
  ingestAttemptsMax: 6,
  ingestCallMsMax: 120_000,
  /** Between looks at a server that has yet to show what was written, ... */
  ingestLookMs: 250,
  /** ... how long its epoch has to stand still for that to be all, and how long that is waited for. */
  ingestRestMs: 1_000,
  ingestSearchableMsMax: 3_600_000,
  /** One call of a command to its server. */
  commandCallMsMax: 60_000,
  /** How often a call is repeated where a command makes many; the most that the client does. */
  commandRetriesMax: 5,
  /** Until the server that a command opens for itself is ready. */
  commandReadyMsMax: 30_000,
  /** Files of a data folder; an engine's are about a thousand. */
  backupFilesMax: 100_000,
  backupManifestBytesMax: 64 << 20,
  /** How long `triptych doctor` waits for the embedder. */
  doctorEmbedderMsMax: 20_000,
} as const;
