/** Secrets that all replicas of a service share. */
export interface SecretStore {
  /** 32 random bytes, made on first use and the same from then on: signs cursors. */
  signingKey(): Promise<Uint8Array>;
}
