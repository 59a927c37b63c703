import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Embedder } from '../ports/embedder.ts';
import type { Logger } from '../ports/logger.ts';
import { LruMap } from '../std/lru-map.ts';

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

/** What of a live catalogue says whether an embedder is any use to it. */
export interface ShownCatalogue {
  readonly tenant: string;
  readonly generation: number;
  readonly schema: CatalogueSchema;
}

/**
 * Warns of catalogues for whose texts the embedder is no use, which nobody would see otherwise: searches for a text go by
 * its words alone then. Once for each generation, however often it is shown.
 */
export function warnOfOtherSpaces(
  embedder: Embedder | null,
  logger: Logger,
): (catalogue: ShownCatalogue) => void {
  /** By tenant, the generation that was looked at last. */
  const looked = new LruMap<number>(limits.catalogueSpacesRemembered);
  return ({ tenant, generation, schema }) => {
    if (embedder === null || looked.get(tenant) === generation) return;
    looked.set(tenant, generation);
    if (matchingEmbedder(embedder, schema) !== null) return;
    const { model, dimension } = schema.embedding;
    logger.warn(
      {
        tenant,
        generation,
        catalogue: { model, dimension },
        embedder: { model: embedder.model, dimension: embedder.dimension },
      },
      'the embedder is not used for a catalogue, whose vectors are of another model or dimension',
    );
  };
}
