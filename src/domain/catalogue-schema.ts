import type { VectorTier } from './vector-rows.ts';

/** What a catalogue's documents look like and where popularity, recency and derived relations come from. */

export type FieldType = 'number' | 'date' | 'keyword' | 'flag';

export interface FieldSchema {
  readonly type: FieldType;
  /** Name of an ordered scale (keyword fields only), lowest value first. */
  readonly scale?: string;
}

export interface EmbeddingSchema {
  /** The embedding space: documents and queries must come from the same model. */
  readonly model: string;
  readonly dimension: number;
  /** How the vectors are held in memory: part of what a document scores, so one for all machines. */
  readonly tier: VectorTier;
  /** similarity = clamp01((cos - lo) / (hi - lo)); constants of the embedding space. */
  readonly lo: number;
  readonly hi: number;
  /** What is embedded, joined by '. ': `title`, `text`, `facets.NAME`, `fields.NAME`. */
  readonly text: readonly string[];
}

/** Documents that share a value of `facet` are related; strength 0..1 is what one shared rare value is worth. */
export interface DerivedRelation {
  readonly type: string;
  readonly facet: string;
  readonly strength: number;
}

export interface CatalogueSchema {
  readonly name: string;
  readonly facets: readonly string[];
  readonly fields: Readonly<Record<string, FieldSchema>>;
  readonly scales: Readonly<Record<string, readonly string[]>>;
  readonly embedding: EmbeddingSchema;
  /** Field (number) whose catalogue percentile is the popularity signal; null where there is none. */
  readonly popularity: string | null;
  /** Field (date) the recency signal is computed from, and what age is measured against. */
  readonly recency: { readonly field: string; readonly reference: 'now' | 'newest_document' } | null;
  readonly relations: readonly DerivedRelation[];
  /** Language of titles and texts for stemming; 'none' indexes words as they are. */
  readonly language: 'en' | 'none';
}

/** A stored catalogue: its schema and which generation of documents is live. */
export interface Catalogue {
  readonly schema: CatalogueSchema;
  readonly generation: number;
}
