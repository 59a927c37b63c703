/** The flags of `triptych ingest` as commander gives them. */
export interface IngestOptions {
  readonly schema: string;
  readonly url?: string;
  readonly apiKeyFile?: string;
  readonly tenant?: string;
  readonly replace?: boolean;
  readonly acceptRejects?: boolean;
  readonly restart?: boolean;
  readonly rejects?: string;
  readonly json?: boolean;
}
