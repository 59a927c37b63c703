/**
 * A map whose entries weigh at most `weightMax` together (1 each unless said otherwise); the least recently used go
 * first. Synchronous, for what a turn must not wait for.
 */
export class LruMap<V> {
  readonly #weightMax: number;
  readonly #entries = new Map<string, { readonly value: V; readonly weight: number }>();
  #weight = 0;

  constructor(weightMax: number) {
    this.#weightMax = weightMax;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** What weighs more than the whole map may is not kept. */
  set(key: string, value: V, weight = 1): void {
    this.delete(key);
    if (weight > this.#weightMax) return;
    this.#entries.set(key, { value, weight });
    this.#weight += weight;
    while (this.#weight > this.#weightMax) this.delete(this.#entries.keys().next().value!);
  }

  delete(key: string): void {
    this.#weight -= this.#entries.get(key)?.weight ?? 0;
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#weight = 0;
  }

  /** Of what is there now; reading or deleting meanwhile changes nothing about them. */
  keys(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** What is there now, which counts as no use. */
  values(): readonly V[] {
    return [...this.#entries.values()].map(({ value }) => value);
  }

  get size(): number {
    return this.#entries.size;
  }
}
