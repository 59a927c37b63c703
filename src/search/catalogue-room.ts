import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { BulkOperation, DocumentInput } from '../domain/document.ts';
import { type FacetDictionary, keywordSpace } from '../domain/facet-dictionary.ts';
import { generationKey } from '../domain/generation-key.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { DocumentStore } from '../ports/document-store.ts';

interface Fill {
  /** At least as many as the store holds: every put since the last count is taken for a new document. */
  documentsMax: number;
  /** Puts that passed and are not committed or refused yet. */
  inFlight: number;
}

/**
 * Keeps each catalogue generation within limits.documentsMax before the commit, because the projector cannot refuse
 * what is committed. The store is asked only for the first write and near the bound.
 */
export class CatalogueRoom {
  readonly #store: DocumentStore;
  readonly #fills = new Map<string, Fill>();

  constructor(store: DocumentStore) {
    this.#store = store;
  }

  /** Runs `commit` if its puts have room; deletes of the same call make none. @throws TriptychError catalogue_full */
  async within<T>(
    tenant: string,
    generation: number,
    operations: readonly BulkOperation[],
    commit: () => Promise<T>,
  ): Promise<T> {
    const ids = new Set(operations.flatMap((one) => (one.kind === 'put' ? [one.document.id] : [])));
    if (ids.size === 0) return commit();
    const fill = await this.#fill(tenant, generation);
    if (fill.documentsMax + ids.size > limits.documentsMax)
      await this.#recount(tenant, generation, fill, ids);
    else reserve(fill, ids.size, fill.documentsMax + ids.size);
    try {
      return await commit();
    } finally {
      fill.inFlight -= ids.size;
    }
  }

  async #fill(tenant: string, generation: number): Promise<Fill> {
    const key = generationKey({ tenant, generation });
    if (!this.#fills.has(key)) {
      const documentsMax = await this.#store.count(tenant, generation);
      // Another write may have counted meanwhile, and its puts are in its count only.
      if (!this.#fills.has(key)) this.#fills.set(key, { documentsMax, inFlight: 0 });
      for (const oldest of this.#fills.keys()) {
        if (this.#fills.size <= limits.catalogueFillEntries) break;
        if (oldest !== key) this.#fills.delete(oldest);
      }
    }
    return this.#fills.get(key)!;
  }

  /** Counts what is there and which of `ids` are new: at the bound, documents can still be replaced. */
  async #recount(tenant: string, generation: number, fill: Fill, ids: ReadonlySet<string>): Promise<void> {
    let added = 0;
    const room = async () =>
      limits.documentsMax - (await this.#store.count(tenant, generation)) - fill.inFlight;
    const roomAtFirst = await room();
    for (const id of ids) {
      if ((await this.#store.get(tenant, generation, id)) === null) added++;
      if (added > 0 && added > roomAtFirst) throw full(`${limits.documentsMax} documents`);
    }
    // What others committed or began while this looked is in the second count.
    const left = await room();
    if (added > 0 && added > left) throw full(`${limits.documentsMax} documents`);
    reserve(fill, ids.size, limits.documentsMax - left + added);
  }
}

/** In the same turn as the comparison that allowed it, so that no other write sees the room as free. */
function reserve(fill: Fill, puts: number, documentsMax: number): void {
  fill.documentsMax = documentsMax;
  fill.inFlight += puts;
}

/**
 * Refuses documents whose facet values and keywords would be more than the live catalogue can number.
 * @throws TriptychError catalogue_full
 */
export function refuseTooManyValues(
  dictionary: FacetDictionary,
  schema: CatalogueSchema,
  operations: readonly BulkOperation[],
): void {
  const added = new Set<string>();
  for (const operation of operations) {
    if (operation.kind === 'delete') continue;
    for (const [space, value] of numberedValues(schema, operation.document)) {
      if (dictionary.codeOf(space, value) < 0) added.add(`${space}\0${value}`);
      if (added.size > 0 && dictionary.size + added.size > limits.facetValuesTotalMax)
        throw full(`${limits.facetValuesTotalMax} distinct facet values and keywords`);
    }
  }
}

function* numberedValues(schema: CatalogueSchema, document: DocumentInput): Generator<[string, string]> {
  for (const [facet, values] of Object.entries(document.facets))
    for (const value of values) yield [facet, value];
  for (const [name, value] of Object.entries(document.fields))
    if (schema.fields[name]?.type === 'keyword') yield [keywordSpace(name), String(value)];
}

function full(what: string): TriptychError {
  return new TriptychError('catalogue_full', `A catalogue holds at most ${what}: nothing was written.`);
}
