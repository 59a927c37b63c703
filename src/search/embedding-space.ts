import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import { TriptychError } from '../errors.ts';
import type { Embedder } from '../ports/embedder.ts';

/** The embedder, if its vectors can be compared with the catalogue's: same model, same dimension. */
export function matchingEmbedder(embedder: Embedder | null, schema: CatalogueSchema): Embedder | null {
  const { model, dimension } = schema.embedding;
  return embedder !== null && embedder.model === model && embedder.dimension === dimension ? embedder : null;
}

/** The same for writes, which cannot do without. @throws TriptychError embedder_unavailable */
export function requireEmbedder(embedder: Embedder | null, schema: CatalogueSchema): Embedder {
  const matching = matchingEmbedder(embedder, schema);
  if (matching !== null) return matching;
  const { model, dimension } = schema.embedding;
  throw new TriptychError(
    'embedder_unavailable',
    `No embedder makes ${model} vectors of ${dimension} numbers: send each document with its \`embedding\`, ` +
      'or configure the embedder of that model.',
  );
}
