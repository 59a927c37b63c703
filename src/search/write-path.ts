import type { Catalogue, CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { BulkOperation, Document, DocumentInput } from '../domain/document.ts';
import { type DocumentProblem, documentProblems } from '../domain/document-check.ts';
import { embeddingText } from '../domain/embedding-text.ts';
import { requireValidSchema } from '../domain/schema-check.ts';
import { idProblem } from '../domain/value-check.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { DocumentStore, DocumentWrite, WriteAck } from '../ports/document-store.ts';
import type { Embedder } from '../ports/embedder.ts';
import type { CatalogueKey } from '../ports/shared-index.ts';
import type { StagedCatalogue } from '../ports/triptych.ts';
import { unitVector } from '../std/unit-vector.ts';
import type { CatalogueRegistry } from './catalogue-registry.ts';
import { CatalogueRoom, refuseTooManyValues } from './catalogue-room.ts';
import { requireEmbedder } from './embedding-space.ts';
import type { SharedIndexes } from './shared-indexes.ts';
import { within } from './within.ts';

export interface WritePathParts {
  readonly store: DocumentStore;
  readonly registry: CatalogueRegistry;
  readonly embedder: Embedder | null;
  readonly indexes: SharedIndexes;
  readonly clock: Clock;
}

/** Everything that changes the truth. Projections are never written here: they follow the commit. */
export class WritePath {
  readonly #parts: WritePathParts;
  readonly #room: CatalogueRoom;

  constructor(parts: WritePathParts) {
    this.#parts = parts;
    this.#room = new CatalogueRoom(parts.store);
  }

  /**
   * Commits the operations in order in one transaction.
   * @throws TriptychError as documentProblems says, with paths; catalogue_full
   */
  async write(
    tenant: string,
    operations: readonly BulkOperation[],
    options: { readonly waitSearchable: boolean },
  ): Promise<{ readonly outcomes: readonly WriteAck[]; readonly searchable: boolean }> {
    const { registry } = this.#parts;
    const { schema, generation, table } = registry.active(tenant);
    refuseBadOperations(schema, operations);
    refuseTooManyValues(table.current.dictionary, schema, operations);
    const outcomes = await this.#commit(tenant, schema, generation, operations);
    this.#parts.indexes.nudge(tenant);
    if (!options.waitSearchable) {
      registry.nudge(tenant);
      return { outcomes, searchable: false };
    }
    return { outcomes, searchable: await this.#waitSearchable({ tenant, generation }) };
  }

  /** @throws TriptychError invalid_schema with paths */
  async createCatalogue(tenant: string, schema: CatalogueSchema): Promise<Catalogue> {
    requireValidSchema(schema);
    const catalogue = await this.#parts.store.createCatalogue(tenant, schema);
    await this.#parts.registry.show(tenant, catalogue);
    return catalogue;
  }

  /** The next generation, filled beside the live one and swapped in by `activate`. @throws TriptychError invalid_schema with paths */
  async replaceCatalogue(tenant: string, schema: CatalogueSchema): Promise<StagedCatalogue> {
    requireValidSchema(schema);
    const { store, registry } = this.#parts;
    const { generation } = await store.stageCatalogue(tenant, schema);
    return {
      generation,
      count: () => store.count(tenant, generation),
      write: async (operations) => {
        refuseBadOperations(schema, operations);
        return this.#commit(tenant, schema, generation, operations);
      },
      activate: async () => {
        await this.#waitIndexed({ tenant, generation });
        const catalogue = await store.activateCatalogue(tenant, generation);
        await registry.show(tenant, catalogue);
        return catalogue;
      },
    };
  }

  async #commit(
    tenant: string,
    schema: CatalogueSchema,
    generation: number,
    operations: readonly BulkOperation[],
  ): Promise<WriteAck[]> {
    return this.#room.within(tenant, generation, operations, async () => {
      const embedded = await this.#embed(schema, operations);
      const writes = operations.map<DocumentWrite>((operation, i) =>
        operation.kind === 'delete' ? operation : { kind: 'put', document: embedded[i]! },
      );
      return this.#parts.store.write(tenant, generation, writes);
    });
  }

  /** Gives every document a unit vector: its own, or the embedding of the catalogue's text sources. */
  async #embed(schema: CatalogueSchema, operations: readonly BulkOperation[]): Promise<(Document | null)[]> {
    const inputs = operations.map((operation) => (operation.kind === 'put' ? operation.document : null));
    const missing = inputs.filter(
      (input): input is DocumentInput => input !== null && input.embedding === null,
    );
    const vectors = new Map<DocumentInput, Float32Array>();
    for (let at = 0; at < missing.length; at += limits.embedBatchMax) {
      const chunk = missing.slice(at, at + limits.embedBatchMax);
      const texts = chunk.map((input) => embeddingText(schema, input));
      const { signal } = new AbortController();
      const embedder = requireEmbedder(this.#parts.embedder, schema);
      const answers = await (embedder.embedDocuments?.(texts, signal) ?? embedder.embed(texts, signal));
      chunk.forEach((input, i) => {
        vectors.set(input, answers[i]!);
      });
    }
    return inputs.map((input) => {
      if (input === null) return null;
      return { ...input, embedding: vectors.get(input) ?? unitVector(input.embedding!)! };
    });
  }

  async #waitSearchable(key: CatalogueKey): Promise<boolean> {
    const { registry, indexes, clock } = this.#parts;
    const ms = limits.searchableWaitMsMax;
    // What is committed is committed, whether or not that can be found out.
    const indexed = indexes.caughtUp(key, ms).catch(() => false);
    const projected = registry.caughtUp(key.tenant).then(() => indexed);
    return within(projected, ms, clock, false);
  }

  /**
   * A generation that an index outside the process has only half of must not become live.
   * @throws TriptychError unavailable where an index gets no further with it
   */
  async #waitIndexed(key: CatalogueKey): Promise<void> {
    const { indexes } = this.#parts;
    let left = Number.POSITIVE_INFINITY;
    while (!(await indexes.caughtUp(key, limits.syncStalledMsMax))) {
      const pending = await indexes.pending(key);
      if (pending >= left)
        throw new TriptychError(
          'unavailable',
          `The indexes outside the process still lack ${pending} documents of the new generation, and get no further.`,
          { retryAfterSeconds: 30 },
        );
      left = pending;
    }
  }
}

/**
 * Callers may have checked already; a second look costs far less than the write, and a library may send anything.
 * @throws TriptychError with the first problem's code
 */
function refuseBadOperations(schema: CatalogueSchema, operations: readonly BulkOperation[]): void {
  const problems = operations.flatMap((operation, i) =>
    operationProblems(schema, operation).map(({ code, path, message }) => ({
      code,
      path: operations.length === 1 ? path : `[${i}].${path}`,
      message,
    })),
  );
  const first = problems[0];
  if (first === undefined) return;
  const fields = problems.slice(0, limits.errorFieldsMax).map(({ path, message }) => ({ path, message }));
  throw new TriptychError(first.code, `${first.path}: ${first.message}`, { fields });
}

function operationProblems(schema: CatalogueSchema, operation: BulkOperation): DocumentProblem[] {
  if (operation.kind === 'put') return documentProblems(schema, operation.document);
  const message = idProblem(operation.id);
  return message === null ? [] : [{ code: 'invalid_document', path: 'id', message }];
}
