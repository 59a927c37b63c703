import { createHash } from 'node:crypto';
import type { Cache } from '../ports/cache.ts';
import type { Embedder } from '../ports/embedder.ts';
import type { Meter } from '../ports/meter.ts';

/** Embeddings do not age; the bound of the cache lets them go. */
const ttlMs = 24 * 3_600_000;

/** Remembers the vectors of short texts (queries), bounded by the cache. */
export class CachingEmbedder implements Embedder {
  readonly model: string;
  readonly dimension: number;
  readonly #inner: Embedder;
  readonly #cache: Cache<Float32Array>;
  readonly #meter: Meter;
  readonly #textCharsMax: number;

  constructor(inner: Embedder, cache: Cache<Float32Array>, meter: Meter, textCharsMax: number) {
    this.model = inner.model;
    this.dimension = inner.dimension;
    this.#inner = inner;
    this.#cache = cache;
    this.#meter = meter;
    this.#textCharsMax = textCharsMax;
  }

  async embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    const known = await Promise.all(texts.map((text) => this.#known(text)));
    const missing = [...new Set(texts.filter((_, i) => known[i] === undefined))];
    this.#meter.count('embedding_cache_hits', texts.length - missing.length);
    this.#meter.count('embedding_cache_misses', missing.length);
    const made = missing.length === 0 ? [] : await this.#inner.embed(missing, signal);
    const fresh = new Map(missing.map((text, i) => [text, made[i]!]));
    for (const [text, vector] of fresh) this.#keep(text, vector);
    return texts.map((text, i) => known[i] ?? fresh.get(text)!);
  }

  /** Past the cache: a bulk load would push every query out of it. */
  embedDocuments(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    return this.#inner.embedDocuments?.(texts, signal) ?? this.#inner.embed(texts, signal);
  }

  ready(): Promise<void> {
    return this.#inner.ready();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  async #known(text: string): Promise<Float32Array | undefined> {
    const vector = await this.#cache.get(this.#key(text));
    return vector?.length === this.dimension ? vector : undefined;
  }

  /** Nobody waits for that, nor minds where it fails. */
  #keep(text: string, vector: Float32Array): void {
    if (text.length <= this.#textCharsMax) this.#cache.set(this.#key(text), vector, ttlMs).catch(() => {});
  }

  #key(text: string): string {
    return createHash('sha256').update(`${this.model}\0${text}`).digest('base64');
  }
}
