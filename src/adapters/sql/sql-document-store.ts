import type { Catalogue, CatalogueSchema } from '../../domain/catalogue-schema.ts';
import type { StoredDocument, StoredEmbedding } from '../../domain/document.ts';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type {
  ChangeCursor,
  ChangePage,
  DocumentStore,
  DocumentWrite,
  WriteAck,
} from '../../ports/document-store.ts';
import * as catalogues from './catalogue-statements.ts';
import { decodeCursor } from './change-cursor.ts';
import { changePage } from './change-page.ts';
import { readChanges } from './change-statements.ts';
import { documentOfRow, embeddingOfRow, schemaOfCell } from './document-rows.ts';
import * as documents from './document-statements.ts';
import { packVectors } from './embedding-bytes.ts';
import { Housekeeping } from './housekeeping.ts';
import { type SqlClient, type SqlRow, type SqlStatement, textCell } from './sql-client.ts';
import { acknowledge, type PriorState, planWrites } from './write-plan.ts';

export interface SqlDocumentStoreOptions {
  readonly clock: Clock;
  /** true where the engine vacuums and analyzes its tables by itself. */
  readonly selfVacuuming: boolean;
}

/** The truth in Postgres tables, over any client that runs Postgres statements; `migrate` comes first. */
export class SqlDocumentStore implements DocumentStore {
  readonly #client: SqlClient;
  readonly #clock: Clock;
  readonly #housekeeping: Housekeeping;

  constructor(client: SqlClient, options: SqlDocumentStoreOptions) {
    this.#client = client;
    this.#clock = options.clock;
    this.#housekeeping = new Housekeeping(client, options.clock, options.selfVacuuming);
    // What an interrupted activation left behind.
    this.#housekeeping.opened();
  }

  async catalogue(tenant: string): Promise<Catalogue | null> {
    const rows = await this.#query(tenant, catalogues.liveCatalogue(tenant));
    return rows[0] === undefined ? null : catalogueOfRow(rows[0]);
  }

  async createCatalogue(tenant: string, schema: CatalogueSchema): Promise<Catalogue> {
    const json = JSON.stringify(schema);
    const row = await this.#open(tenant, json, 'live', []);
    if (textCell(row, 2) !== 't')
      throw new TriptychError(
        'catalogue_conflict',
        `the live catalogue "${schemaOfCell(textCell(row, 1)).name}" has another schema`,
      );
    return catalogueOfRow(row);
  }

  async stageCatalogue(tenant: string, schema: CatalogueSchema): Promise<Catalogue> {
    const json = JSON.stringify(schema);
    const row = await this.#open(tenant, json, 'staged', [catalogues.dropStagedUnlessEqual(tenant, json)]);
    this.#housekeeping.opened();
    return catalogueOfRow(row);
  }

  async activateCatalogue(tenant: string, generation: number): Promise<Catalogue> {
    const statements = [
      catalogues.lockTenant(tenant),
      catalogues.findCatalogue(tenant, generation),
      ...catalogues.activate(tenant, generation),
    ];
    const results = await this.#client.run(statements, { tenant });
    const row = results[1]?.[0];
    if (row === undefined) throw noGeneration(generation);
    // The swap is made: what becomes of the old documents changes nothing about that.
    this.#housekeeping.dropped();
    return catalogueOfRow(row);
  }

  async write(tenant: string, generation: number, writes: readonly DocumentWrite[]): Promise<WriteAck[]> {
    if (writes.length === 0) return [];
    if (writes.length > limits.writeRowsMax)
      throw new TriptychError(
        'invalid_request',
        `more than ${limits.writeRowsMax} writes in one transaction`,
      );
    const plan = planWrites(writes);
    const ids = plan.rows.map((row) => row.id);
    const vectors = packVectors(plan.rows.map((row) => row.document?.embedding ?? new Float32Array(0)));
    const statements = [
      documents.lockCatalogue(tenant, generation),
      documents.priorStates(tenant, generation, ids),
      documents.upsertDocuments(tenant, generation, plan.rows, vectors, this.#clock.epochMs()),
      ...documents.replaceRelations(tenant, generation, plan.rows),
    ];
    const results = await this.#client.run(statements, { tenant });
    const prior = results[1];
    if (prior === undefined) throw noGeneration(generation);
    this.#housekeeping.wrote(plan.rows.length, prior.length);
    return acknowledge(plan, new Map(prior.map(priorOfRow)));
  }

  async get(tenant: string, generation: number, id: string): Promise<StoredDocument | null> {
    const rows = await this.#query(tenant, documents.getDocument(tenant, generation, id));
    return rows[0] === undefined ? null : documentOfRow(rows[0]);
  }

  async embeddings(tenant: string, generation: number, ids: readonly string[]): Promise<StoredEmbedding[]> {
    if (ids.length === 0) return [];
    if (ids.length > limits.windowMax)
      throw new TriptychError('invalid_request', `more than ${limits.windowMax} documents in one call`);
    const rows = await this.#query(tenant, documents.getEmbeddings(tenant, generation, ids));
    return rows.map(embeddingOfRow);
  }

  async list(
    tenant: string,
    generation: number,
    afterId: string | null,
    limit: number,
  ): Promise<StoredDocument[]> {
    const rows = await this.#query(
      tenant,
      documents.listDocuments(tenant, generation, afterId, pageSize(limit)),
    );
    return rows.map((row) => documentOfRow(row));
  }

  async count(tenant: string, generation: number): Promise<number> {
    const rows = await this.#query(tenant, documents.countDocuments(tenant, generation));
    return Number(textCell(rows[0]!, 0));
  }

  async changes(
    tenant: string,
    generation: number,
    cursor: ChangeCursor | null,
    limit: number,
  ): Promise<ChangePage> {
    const position = cursor === null ? null : decodeCursor(cursor);
    if (position !== null && position.generation !== generation)
      return { changes: [], cursor: cursor!, complete: false };
    const rows = await this.#query(tenant, readChanges(tenant, generation, position, pageSize(limit)));
    if (rows.length === 0) throw noGeneration(generation);
    return changePage(generation, position, rows);
  }

  async ping(): Promise<void> {
    await this.#client.run([{ text: 'SELECT 1', parameters: [] }], 'all');
  }

  async close(): Promise<void> {
    const tidied = this.#housekeeping.close();
    // The client bounds what is under way; waiting for the housekeeping first would have no bound.
    await this.#client.close();
    await tidied;
  }

  /** The row (generation, schema, equal) of the tenant's catalogue in that state, opened now if there was none. */
  async #open(
    tenant: string,
    schema: string,
    state: 'live' | 'staged',
    before: readonly SqlStatement[],
  ): Promise<SqlRow> {
    const statements = [
      catalogues.lockTenant(tenant),
      ...before,
      catalogues.openCatalogue(tenant, schema, state),
      catalogues.catalogueInState(tenant, schema, state),
    ];
    const results = await this.#client.run(statements, { tenant });
    return results.at(-1)![0]!;
  }

  async #query(tenant: string, statement: SqlStatement): Promise<readonly SqlRow[]> {
    const [rows] = await this.#client.run([statement], { tenant });
    return rows ?? [];
  }
}

function catalogueOfRow(row: SqlRow): Catalogue {
  return { generation: Number(textCell(row, 0)), schema: schemaOfCell(textCell(row, 1)) };
}

function priorOfRow(row: SqlRow): [string, PriorState] {
  return [textCell(row, 0), { version: Number(textCell(row, 1)), live: textCell(row, 2) === 't' }];
}

function pageSize(limit: number): number {
  if (!Number.isInteger(limit) || limit < 1)
    throw new TriptychError('invalid_request', `a page has at least one row, not ${limit}`);
  return Math.min(limit, limits.listPageMax);
}

function noGeneration(generation: number): TriptychError {
  return new TriptychError('no_catalogue', `the catalogue has no generation ${generation}`);
}
