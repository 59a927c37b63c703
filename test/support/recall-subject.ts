import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { DocumentChange, StoredDocument } from '../../src/domain/document.ts';
import { compileMask } from '../../src/domain/mask-compiler.ts';
import { maskRows } from '../../src/domain/mask-program.ts';
import type { Predicate } from '../../src/domain/predicate.ts';
import { ResidentTable } from '../../src/domain/resident-table.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import type { Projection } from '../../src/ports/projection.ts';
import type { CompiledPredicate, RecallRequest } from '../../src/ports/recall.ts';

/** A recall port under test and how documents get into it. */
export interface RecallSubject<Port> {
  readonly port: Port;
  /** Resolves when the changes can be searched; the first call for a tenant starts its catalogue. */
  write(tenant: string, schema: CatalogueSchema, changes: readonly DocumentChange[]): Promise<void>;
  close(): Promise<void>;
}

/** An in-process index. */
export function projected<Port extends Projection>(port: Port): RecallSubject<Port> {
  const tenants = new Set<string>();
  return {
    port,
    write: async (tenant, schema, changes) => {
      if (!tenants.has(tenant)) port.reset(tenant, schema);
      tenants.add(tenant);
      port.apply(tenant, changes);
    },
    close: async () => {},
  };
}

/** A port that reads the request's snapshot and holds nothing itself. */
export function snapshotReader<Port>(port: Port): RecallSubject<Port> {
  return { port, write: async () => {}, close: async () => {} };
}

let catalogues = 0;

/** One tenant's catalogue: writes go to the port under test and to a resident table. */
export class TestCatalogue<Port> {
  readonly tenant = `tenant-${process.pid}-${catalogues++}`;
  readonly port: Port;
  readonly schema: CatalogueSchema;
  readonly #subject: RecallSubject<Port>;
  readonly #table: ResidentTable;

  constructor(subject: RecallSubject<Port>, schema: CatalogueSchema) {
    this.#subject = subject;
    this.port = subject.port;
    this.schema = schema;
    this.#table = new ResidentTable(schema, 1);
  }

  async write(changes: readonly DocumentChange[]): Promise<void> {
    await this.#subject.write(this.tenant, this.schema, changes);
    this.#table.apply(changes);
    this.#table.publish();
  }

  put(...documents: readonly StoredDocument[]): Promise<void> {
    return this.write(documents.map((document) => ({ kind: 'put', document })));
  }

  delete(...ids: readonly string[]): Promise<void> {
    return this.write(ids.map((id) => ({ kind: 'delete', id, version: 99 })));
  }

  get snapshot(): TableSnapshot {
    return this.#table.current;
  }

  /** What every leg is given. */
  request(limit = 100, predicate: Predicate | null = null): RecallRequest {
    return {
      tenant: this.tenant,
      snapshot: this.snapshot,
      predicate: predicate === null ? null : this.#compile(predicate),
      limit,
      timeoutMs: 10_000,
      signal: new AbortController().signal,
    };
  }

  #compile(predicate: Predicate): CompiledPredicate {
    const snapshot = this.snapshot;
    return { predicate, ...maskRows(compileMask([predicate], snapshot), snapshot) };
  }
}

/** A document with what a test says and nothing else. */
export function documentOf(
  id: string,
  content: Partial<Omit<StoredDocument, 'id'>> = {},
  dimension = 8,
): StoredDocument {
  const embedding = new Float32Array(dimension);
  embedding[0] = 1;
  const empty = { version: 1, title: '', text: '', facets: {}, fields: {}, relations: [], embedding };
  return { id, ...empty, ...content };
}
