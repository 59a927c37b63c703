import type { Catalogue, CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { StoredDocument, StoredEmbedding } from '../../src/domain/document.ts';
import { TriptychError } from '../../src/errors.ts';
import type {
  ChangeCursor,
  ChangePage,
  DocumentStore,
  DocumentWrite,
  WriteAck,
} from '../../src/ports/document-store.ts';
import { compareUtf8 } from '../../src/std/utf8-order.ts';

interface Entry {
  readonly version: number;
  readonly document: StoredDocument | null;
  readonly sequence: number;
}

/** The truth in memory, for tests of what stands above it. It keeps tombstones for ever and knows no missing generations. */
export class MemoryDocumentStore implements DocumentStore {
  readonly #catalogues = new Map<
    string,
    { live: Catalogue | null; staged: Catalogue | null; next: number }
  >();
  readonly #documents = new Map<string, Map<string, Entry>>();
  #sequence = 0;

  async catalogue(tenant: string): Promise<Catalogue | null> {
    return this.#of(tenant).live;
  }

  async createCatalogue(tenant: string, schema: CatalogueSchema): Promise<Catalogue> {
    const state = this.#of(tenant);
    if (state.live === null) state.live = { schema, generation: state.next++ };
    else if (JSON.stringify(state.live.schema) !== JSON.stringify(schema))
      throw new TriptychError('catalogue_conflict', 'another schema is live');
    return state.live;
  }

  async stageCatalogue(tenant: string, schema: CatalogueSchema): Promise<Catalogue> {
    const state = this.#of(tenant);
    if (state.staged === null || JSON.stringify(state.staged.schema) !== JSON.stringify(schema))
      state.staged = { schema, generation: state.next++ };
    return state.staged;
  }

  async activateCatalogue(tenant: string, generation: number): Promise<Catalogue> {
    const state = this.#of(tenant);
    if (state.staged?.generation === generation) {
      if (state.live !== null) this.#documents.delete(`${tenant}\0${state.live.generation}`);
      state.live = state.staged;
      state.staged = null;
    }
    return state.live!;
  }

  async write(tenant: string, generation: number, writes: readonly DocumentWrite[]): Promise<WriteAck[]> {
    const documents = this.#table(tenant, generation);
    return writes.map((write) => {
      const id = write.kind === 'put' ? write.document.id : write.id;
      const before = documents.get(id);
      if (write.kind === 'delete' && (before === undefined || before.document === null))
        return { id, version: before?.version ?? 0 };
      const version = (before?.version ?? 0) + 1;
      const document = write.kind === 'put' ? { ...write.document, version } : null;
      documents.set(id, { version, document, sequence: ++this.#sequence });
      return { id, version };
    });
  }

  async get(tenant: string, generation: number, id: string): Promise<StoredDocument | null> {
    return this.#table(tenant, generation).get(id)?.document ?? null;
  }

  async embeddings(tenant: string, generation: number, ids: readonly string[]): Promise<StoredEmbedding[]> {
    const documents = this.#table(tenant, generation);
    return ids.flatMap((asked) => {
      const document = documents.get(asked)?.document;
      if (document == null) return [];
      const { id, version, embedding } = document;
      return [{ id, version, embedding }];
    });
  }

  async list(tenant: string, generation: number, afterId: string | null, limit: number) {
    return [...this.#table(tenant, generation).values()]
      .flatMap(({ document }) => (document === null ? [] : [document]))
      .filter((document) => afterId === null || compareUtf8(document.id, afterId) > 0)
      .sort((a, b) => compareUtf8(a.id, b.id))
      .slice(0, limit);
  }

  async count(tenant: string, generation: number): Promise<number> {
    return (await this.list(tenant, generation, null, Number.POSITIVE_INFINITY)).length;
  }

  async changes(
    tenant: string,
    generation: number,
    cursor: ChangeCursor | null,
    limit: number,
  ): Promise<ChangePage> {
    const after = cursor === null ? 0 : Number(cursor);
    const page = [...this.#table(tenant, generation)]
      .filter(([, entry]) => entry.sequence > after && (cursor !== null || entry.document !== null))
      .sort(([, a], [, b]) => a.sequence - b.sequence)
      .slice(0, limit);
    const last = page.at(-1)?.[1].sequence ?? after;
    return {
      changes: page.map(([id, { document, version }]) =>
        document === null ? { kind: 'delete', id, version } : { kind: 'put', document },
      ),
      cursor: String(last),
      complete: true,
    };
  }

  async ping(): Promise<void> {}

  async close(): Promise<void> {}

  #of(tenant: string) {
    let state = this.#catalogues.get(tenant);
    if (state === undefined) {
      state = { live: null, staged: null, next: 1 };
      this.#catalogues.set(tenant, state);
    }
    return state;
  }

  #table(tenant: string, generation: number): Map<string, Entry> {
    const key = `${tenant}\0${generation}`;
    let documents = this.#documents.get(key);
    if (documents === undefined) {
      documents = new Map();
      this.#documents.set(key, documents);
    }
    return documents;
  }
}
