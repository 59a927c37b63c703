import { OpenAiEmbedder } from './adapters/openai/openai-embedder.ts';
import { TfjsEmbedder } from './adapters/tfjs/tfjs-embedder.ts';
import type { EmbedderConfig } from './config/schema.ts';
import { limits } from './limits.ts';
import type { Cache } from './ports/cache.ts';
import type { Embedder } from './ports/embedder.ts';
import type { Meter } from './ports/meter.ts';
import { CachingEmbedder } from './search/caching-embedder.ts';

/** The embedder of a configuration, with a cache before it; null: there is none. */
export function createEmbedder(
  config: EmbedderConfig,
  cache: Cache<Float32Array>,
  meter: Meter,
): Embedder | null {
  if (config.kind === 'none') return null;
  const inner = config.kind === 'builtin' ? new TfjsEmbedder() : new OpenAiEmbedder(config);
  return new CachingEmbedder(inner, cache, meter, limits.embedTextCharsMax);
}

/** In words, for people. */
export function embedderName(config: EmbedderConfig): string {
  switch (config.kind) {
    case 'builtin':
      return 'Universal Sentence Encoder Lite (tfjs, wasm)';
    case 'openai':
      return `${config.model} at ${new URL(config.url).origin}`;
    case 'none':
      return 'none';
  }
}
