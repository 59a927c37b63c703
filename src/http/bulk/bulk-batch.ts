import type { CatalogueSchema } from '../../domain/catalogue-schema.ts';
import { type BulkOperation, changedId } from '../../domain/document.ts';
import { type ErrorCode, TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { parseBulkLine, type WireBulkOutcome } from '../../wire/bulk.ts';
import { parseJson } from '../../wire/json.ts';
import { idSchema } from '../../wire/names.ts';
import { documentNotFound } from '../document-not-found.ts';
import { problemFor } from '../reply.ts';

/** What became of one operation. */
type Result = { readonly version: number } | { readonly error: unknown };

type Entry =
  | { readonly line: number; readonly operation: BulkOperation }
  | { readonly line: number; readonly id: string | null; readonly error: unknown };

/** Commits operations in one transaction, without waiting for searches to see them. */
export type WriteOperations = (
  operations: readonly BulkOperation[],
) => Promise<readonly { readonly version: number }[]>;

/** What one document can be refused for while its neighbours are fine. Anything else would hit each of them again. */
const documentFaults: ReadonlySet<ErrorCode> = new Set([
  'invalid_document',
  'unknown_field',
  'wrong_dimension',
] as const);

/** Lines on their way into one write: at most limits.ingestBatchRows and limits.bulkBatchBytesMax of them. */
export class BulkBatch {
  #entries: Entry[] = [];
  #bytes = 0;
  readonly #schema: CatalogueSchema;
  readonly #write: WriteOperations;
  readonly #onUnexpected: (error: unknown) => void;

  constructor(schema: CatalogueSchema, write: WriteOperations, onUnexpected: (error: unknown) => void) {
    this.#schema = schema;
    this.#write = write;
    this.#onUnexpected = onUnexpected;
  }

  hasRoomFor(bytes: number): boolean {
    if (this.#entries.length === 0) return true;
    return this.#entries.length < limits.ingestBatchRows && this.#bytes + bytes <= limits.bulkBatchBytesMax;
  }

  add(line: number, text: string, bytes: number): void {
    this.#bytes += bytes;
    let value: unknown;
    try {
      value = parseJson(text, 'line');
      this.#entries.push({ line, operation: parseBulkLine(value, this.#schema) });
    } catch (error) {
      this.#entries.push({ line, id: idOf(value), error });
    }
  }

  refuse(line: number, error: TriptychError): void {
    this.#entries.push({ line, id: null, error });
  }

  /** Writes what was collected and says what became of each line, in order. */
  async flush(): Promise<WireBulkOutcome[]> {
    const entries = this.#entries;
    this.#entries = [];
    this.#bytes = 0;
    const operations = entries.flatMap((entry) => ('operation' in entry ? [entry.operation] : []));
    const results = await this.#commit(operations);
    let next = 0;
    return entries.map((entry) => {
      if (!('operation' in entry)) return refused(entry.line, entry.id, entry.error);
      const id = changedId(entry.operation);
      const result = results[next++]!;
      if ('error' in result) return refused(entry.line, id, result.error);
      if (result.version === 0) return refused(entry.line, id, documentNotFound());
      return { line: entry.line, id, status: 202, version: result.version };
    });
  }

  async #commit(operations: readonly BulkOperation[]): Promise<Result[]> {
    if (operations.length === 0) return [];
    try {
      const outcomes = await this.#write(operations);
      return operations.map((_, i) => ({ version: outcomes[i]!.version }));
    } catch (error) {
      if (operations.length > 1 && isDocumentFault(error)) return this.#oneByOne(operations);
      if (!(error instanceof TriptychError)) this.#onUnexpected(error);
      return operations.map(() => ({ error }));
    }
  }

  /** One operation spoilt the transaction of all: alone, each gets its own answer. */
  async #oneByOne(operations: readonly BulkOperation[]): Promise<Result[]> {
    const results: Result[] = [];
    for (const operation of operations) results.push(...(await this.#commit([operation])));
    return results;
  }
}

function isDocumentFault(error: unknown): boolean {
  return error instanceof TriptychError && documentFaults.has(error.code);
}

function refused(line: number, id: string | null, error: unknown): WireBulkOutcome {
  const problem = problemFor(error);
  return { line, ...(id !== null && { id }), status: problem.status, error: problem };
}

/** The id of a line that could not be used, so that its sender finds it again. */
function idOf(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return null;
  const { id } = value as { id?: unknown };
  const parsed = idSchema.safeParse(id);
  return parsed.success ? parsed.data : null;
}
