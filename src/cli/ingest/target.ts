import type { CatalogueSchema } from '../../domain/catalogue-schema.ts';
import type { BulkOperation } from '../../domain/document.ts';
import { errorCatalogue, TriptychError } from '../../errors.ts';
import type { WriteAck } from '../../ports/document-store.ts';
import type { StagedCatalogue, Triptych } from '../../ports/triptych.ts';

/** What became of one operation: its acknowledgement, or why it was refused. */
export type WriteOutcome = WriteAck | TriptychError;

/** Somebody who waits for documents to show. */
export interface Waiting {
  /** Called at each look with the documents that searches see. */
  onDocuments(count: number): void;
  /** Aborted: nobody waits any more. */
  readonly stop: AbortSignal;
}

/** Where rows go: the service in this process, or a server over HTTP. */
export interface IngestTarget {
  /** Data folder or URL: what an interrupted run is tied to. */
  readonly name: string;
  /** Whether the rows are beside the live catalogue until `finish`. */
  readonly staged: boolean;
  readonly generation: number;
  /** Applies in order; one outcome per operation. */
  write(operations: readonly BulkOperation[]): Promise<readonly WriteOutcome[]>;
  /** Documents that the generation holds now; one that counts late waits for at least `expected`, as long as it gets on. */
  count(expected: number, waiting: Waiting): Promise<number>;
  /** After the last batch: makes a replacement live. */
  finish(): Promise<void>;
  /** After `finish`: whether searches see all `expected` documents; waits for that as long as it gets on. */
  searchable(expected: number, waiting: Waiting): Promise<boolean>;
  close(): Promise<void>;
}

/** A service in this process, and whose catalogue of it is written. */
export interface Place {
  /** As IngestTarget.name. */
  readonly name: string;
  readonly service: Triptych;
  readonly tenant: string;
}

/** Writes into the live catalogue, which is created if there is none. */
export async function liveTarget(
  { name, service, tenant }: Place,
  schema: CatalogueSchema,
): Promise<IngestTarget> {
  const { generation } = await service.createCatalogue(tenant, schema);
  return {
    name,
    staged: false,
    generation,
    write: (operations) =>
      writeOrSplit(operations, async (part) => {
        const { outcomes } = await service.write(tenant, part, { waitSearchable: false });
        return outcomes;
      }),
    count: async () => (await service.catalogue(tenant)).documents,
    finish: async () => {},
    // The next process to open the folder loads all of it before it answers.
    searchable: async () => true,
    close: () => service.close(),
  };
}

/** Writes into a generation beside the live one; `finish` swaps them. */
export async function replacementTarget(
  { name, service, tenant }: Place,
  schema: CatalogueSchema,
): Promise<IngestTarget> {
  const staged: StagedCatalogue = await service.replaceCatalogue(tenant, schema);
  return {
    name,
    staged: true,
    generation: staged.generation,
    write: (operations) => writeOrSplit(operations, (part) => staged.write(part)),
    count: () => staged.count(),
    finish: async () => {
      await staged.activate();
    },
    searchable: async () => true,
    close: () => service.close(),
  };
}

/**
 * One transaction for all; if a document in it is refused, halves, until the refused ones stand alone. Errors that
 * are not about a document are thrown.
 */
async function writeOrSplit(
  operations: readonly BulkOperation[],
  write: (part: readonly BulkOperation[]) => Promise<readonly WriteAck[]>,
): Promise<readonly WriteOutcome[]> {
  try {
    return await write(operations);
  } catch (error) {
    if (!isAboutDocument(error)) throw error;
    if (operations.length === 1) return [error];
    const middle = operations.length >> 1;
    const first = await writeOrSplit(operations.slice(0, middle), write);
    return [...first, ...(await writeOrSplit(operations.slice(middle), write))];
  }
}

const documentErrors = new Set(['invalid_document', 'unknown_field', 'wrong_dimension', 'invalid_request']);

/** Whether the document is wrong, so that writing it again cannot help and others are not concerned. */
export function isAboutDocument(error: unknown): error is TriptychError {
  return (
    error instanceof TriptychError &&
    documentErrors.has(error.code) &&
    errorCatalogue[error.code].status < 500
  );
}
