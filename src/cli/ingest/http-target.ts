import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { type TriptychClient, TriptychRequestError } from '../../client/index.ts';
import type { CatalogueSchema } from '../../domain/catalogue-schema.ts';
import type { BulkOperation } from '../../domain/document.ts';
import { errorCatalogue, TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { bulkOutcomeSchema } from '../../wire/bulk.ts';
import { catalogueSchemaToWire } from '../../wire/catalogue.ts';
import { documentToWire, type WireDocument } from '../../wire/document.ts';
import { catalogueAckSchema, catalogueStatusSchema } from '../../wire/status.ts';
import { clientOf, type Server } from '../reach-server.ts';
import { type IngestTarget, isAboutDocument, type Waiting, type WriteOutcome } from './target.ts';

/** Writes through the API of a running server, because it holds the data folder. The catalogue is created if absent. */
export async function httpTarget(
  server: Server,
  name: string,
  schema: CatalogueSchema,
): Promise<IngestTarget> {
  const asked = new AskedServer(server);
  const { generation } = await asked.ask(catalogueAckSchema, (client) =>
    client.putCatalogue(catalogueSchemaToWire(schema)),
  );
  return {
    name,
    staged: false,
    generation,
    write: (operations) => asked.write(operations),
    count: (expected, waiting) => asked.count(expected, waiting),
    finish: async () => {},
    searchable: (expected, waiting) => asked.searchable(expected, waiting),
    close: async () => {},
  };
}

class AskedServer {
  readonly #server: Server;
  readonly #client: TriptychClient;

  constructor(server: Server) {
    this.#server = server;
    this.#client = clientOf(server, limits.ingestCallMsMax);
  }

  /** An answer in the form that this version knows. @throws TriptychError the server's own error, or unavailable */
  async ask<T>(schema: z.ZodType<T>, call: (client: TriptychClient) => Promise<unknown>): Promise<T> {
    const answer = await call(this.#client).catch((error: unknown) => {
      throw this.#errorOf(error);
    });
    const result = schema.safeParse(answer);
    if (result.success) return result.data;
    throw unavailable(this.#server, 'answered in a form that this version does not know');
  }

  async write(operations: readonly BulkOperation[]): Promise<readonly WriteOutcome[]> {
    return this.ask(bulkOutcomeSchema.array(), (client) => all(client.bulk(operations.map(toWire)))).then(
      (outcomes) =>
        outcomes.map(({ id = '', version = 0, error: problem }) => {
          if (problem === undefined) return { id, version };
          const error = new TriptychError(problem.code, problem.detail, { fields: problem.fields ?? [] });
          if (!isAboutDocument(error)) throw error;
          return error;
        }),
    );
  }

  /** The server counts what is searchable, which follows the commits: they get time to show as long as they do. */
  async count(expected: number, waiting: Waiting): Promise<number> {
    const { documents } = await this.#watch(waiting, (status) => status.documents >= expected);
    return documents;
  }

  /** While it is behind, its epoch moves all the time, and where it is seconds behind it is not ready. */
  async searchable(expected: number, waiting: Waiting): Promise<boolean> {
    let [epoch, sinceMs] = ['', performance.now()];
    const seen = await this.#watch(waiting, async (status) => {
      if (status.epoch !== epoch) [epoch, sinceMs] = [status.epoch, performance.now()];
      const rested = performance.now() - sinceMs >= limits.ingestRestMs;
      return rested && status.documents >= expected && (await this.#isReady());
    });
    return seen.done;
  }

  async #isReady(): Promise<boolean> {
    const { ready } = await this.#client.ready().catch((error: unknown) => {
      throw this.#errorOf(error);
    });
    return ready;
  }

  /** Looks at the catalogue until `isDone`, or it has not changed for too long, or nobody waits any more. */
  async #watch(waiting: Waiting, isDone: (status: Status) => boolean | Promise<boolean>): Promise<Seen> {
    const startedMs = performance.now();
    let [epoch, changedMs] = ['', startedMs];
    for (;;) {
      const status = await this.ask(catalogueStatusSchema, (client) => client.catalogue());
      const nowMs = performance.now();
      if (status.epoch !== epoch) [epoch, changedMs] = [status.epoch, nowMs];
      const seen = { documents: status.documents, done: await isDone(status) };
      const stands = nowMs - changedMs >= limits.searchableWaitMsMax;
      if (seen.done || stands || nowMs - startedMs >= limits.ingestSearchableMsMax) return seen;
      waiting.onDocuments(status.documents);
      if (waiting.stop.aborted) return seen;
      await sleep(limits.ingestLookMs, undefined, { signal: waiting.stop }).catch(() => {});
    }
  }

  #errorOf(error: unknown): unknown {
    if (!(error instanceof TriptychRequestError)) return error;
    const { code, message, fields, cause } = error;
    if (!isOwn(code)) return unavailable(this.#server, `gives no answer: ${message}`, cause);
    return advised(new TriptychError(code, message, { fields }), this.#server);
  }
}

type Status = z.output<typeof catalogueStatusSchema>;

/** The last look at a catalogue that was waited for. */
interface Seen {
  readonly documents: number;
  readonly done: boolean;
}

function isOwn(code: TriptychRequestError['code']): code is TriptychError['code'] {
  return Object.hasOwn(errorCatalogue, code);
}

async function all<T>(outcomes: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const outcome of outcomes) found.push(outcome);
  return found;
}

function toWire(operation: BulkOperation): WireDocument | { delete: string } {
  if (operation.kind === 'delete') return { delete: operation.id };
  return documentToWire(operation.document);
}

/** An error about the key says how to give one. */
function advised(error: TriptychError, { url, key }: Server): TriptychError {
  if (error.code !== 'unauthenticated' && error.code !== 'forbidden') return error;
  const advice = key === null ? 'set TRIPTYCH_API_KEY or give --api-key-file' : 'give another key';
  return new TriptychError(error.code, `${url}: ${error.message}; ${advice}`);
}

function unavailable({ url }: Server, what: string, cause?: unknown): TriptychError {
  return new TriptychError('unavailable', `${url} ${what}`, { cause });
}
