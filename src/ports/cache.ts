/** A bounded cache whose loss changes nothing but speed. */
export interface Cache<V> {
  get(key: string): Promise<V | undefined>;
  set(key: string, value: V, ttlMs: number): Promise<void>;
  delete(key: string): Promise<void>;
  /** Deletes every entry whose key begins with `prefix`; may go through all of them. */
  deletePrefix(prefix: string): Promise<void>;
}
