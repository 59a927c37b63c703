import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import type { CatalogueSchema } from '../../domain/catalogue-schema.ts';
import type { BulkOperation } from '../../domain/document.ts';
import { type ErrorCode, TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { bulkOutcomeSchema } from '../../wire/bulk.ts';
import { catalogueSchemaToWire } from '../../wire/catalogue.ts';
import { documentToWire, type WireDocument } from '../../wire/document.ts';
import { problemSchema } from '../../wire/problem.ts';
import { catalogueAckSchema, catalogueStatusSchema } from '../../wire/status.ts';
import { type IngestTarget, isAboutDocument, type WriteOutcome } from './target.ts';

/** A running server, and the API key for it if there is one. */
export interface Server {
  readonly url: string;
  readonly key: string | null;
}

/** Writes through the API of a running server, because it holds the data folder. The catalogue is created if absent. */
export async function httpTarget(
  server: Server,
  name: string,
  schema: CatalogueSchema,
): Promise<IngestTarget> {
  const body = JSON.stringify(catalogueSchemaToWire(schema));
  const put = await send(server, '/v1/catalogue', 'PUT', { type: 'application/json', text: body });
  const { generation } = parsed(server, catalogueAckSchema, put);
  return {
    name,
    staged: false,
    generation,
    write: (operations) => writeBulk(server, operations),
    count: (expected) => count(server, expected),
    finish: async () => {},
    close: async () => {},
  };
}

const countPauseMs = 250;

/** The server counts what is searchable, which follows the commits, so the last of them get some time to show. */
async function count(server: Server, expected: number): Promise<number> {
  for (let waitedMs = 0; ; waitedMs += countPauseMs) {
    const { documents } = parsed(server, catalogueStatusSchema, await send(server, '/v1/catalogue', 'GET'));
    if (documents >= expected || waitedMs >= limits.searchableWaitMsMax) return documents;
    await sleep(countPauseMs);
  }
}

async function writeBulk(
  server: Server,
  operations: readonly BulkOperation[],
): Promise<readonly WriteOutcome[]> {
  const text = operations.map((operation) => JSON.stringify(toWire(operation))).join('\n');
  const answer = await send(server, '/v1/documents/bulk', 'POST', { type: 'application/x-ndjson', text });
  const outcomes = answer.split('\n').filter((line) => line !== '');
  if (outcomes.length !== operations.length)
    throw unavailable(server, `answered ${outcomes.length} of ${operations.length} lines`);
  return outcomes.map((line) => {
    const { id = '', version = 0, error: problem } = parsed(server, bulkOutcomeSchema, line);
    if (problem === undefined) return { id, version };
    const error = errorOf(problem);
    if (!isAboutDocument(error)) throw error;
    return error;
  });
}

function toWire(operation: BulkOperation): WireDocument | { readonly delete: string } {
  if (operation.kind === 'delete') return { delete: operation.id };
  return documentToWire(operation.document);
}

/** The answer's text. @throws TriptychError the server's own error, or unavailable */
async function send(
  server: Server,
  path: string,
  method: 'GET' | 'POST' | 'PUT',
  body?: { readonly type: string; readonly text: string },
): Promise<string> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(new URL(path, server.url), {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': body.type }),
        ...(server.key !== null && { authorization: `Bearer ${server.key}` }),
      },
      ...(body !== undefined && { body: body.text }),
      redirect: 'error',
      signal: AbortSignal.timeout(limits.ingestCallMsMax),
    });
    text = await response.text();
  } catch (error) {
    throw unavailable(server, 'does not answer', error);
  }
  if (response.ok) return text;
  const problem = problemSchema.safeParse(parseJson(text));
  if (problem.success) throw advised(errorOf(problem.data), server);
  throw unavailable(server, `answered with status ${response.status}`);
}

function errorOf(problem: {
  code: ErrorCode;
  detail: string;
  fields?: { path: string; message: string }[] | undefined;
}) {
  return new TriptychError(problem.code, problem.detail, { fields: problem.fields ?? [] });
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

/** @throws TriptychError unavailable */
function parsed<T>(server: Server, schema: z.ZodType<T>, text: string): T {
  const result = schema.safeParse(parseJson(text));
  if (!result.success) throw unavailable(server, 'answered in a form that this version does not know');
  return result.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
