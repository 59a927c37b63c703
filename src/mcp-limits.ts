/** Bounds of what is offered over the Model Context Protocol, part of `limits`. */
export const mcpLimits = {
  /** Characters of a result's text; what is beyond is cut, and the text says so. The structured result is whole. */
  mcpTextCharsMax: 16_000,
  /** Bytes of a structured result, as JSON: a model has to read it. */
  mcpResultBytesMax: 1 << 20,
  /** One message, on either transport: a document of 1 MiB and what is around it. */
  mcpMessageBytesMax: (1 << 20) + (64 << 10),
  /** Tool calls of one process that are worked on at a time. */
  mcpCallsInFlightMax: 64,
  /** How long a tool call may take. */
  mcpCallMsMax: 30_000,
  /** Connections of the HTTP transport. */
  mcpConnectionsMax: 256,
  /** How long it is remembered whether the service wants keys, and how long asking may take. */
  mcpKeysKnownMs: 5_000,
  mcpKeysAskMsMax: 5_000,
} as const;
