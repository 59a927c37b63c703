export { type ComposedTriptych, createTriptych } from './compose.ts';
export type { Config, EmbedderConfig } from './config/schema.ts';
export type { CatalogueSchema } from './domain/catalogue-schema.ts';
export type { SearchRequest } from './domain/search-request.ts';
export type { SearchResponse, SearchResult } from './domain/search-response.ts';
export { type ErrorCode, errorCatalogue, TriptychError } from './errors.ts';
export type { Triptych } from './ports/triptych.ts';
