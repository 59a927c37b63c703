import type { CatalogueSchema } from '../../domain/catalogue-schema.ts';
import type { BulkOperation } from '../../domain/document.ts';
import { type ErrorCode, TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { bulkOutcomeSchema } from '../../wire/bulk.ts';
import { catalogueSchemaToWire } from '../../wire/catalogue.ts';
import { documentToWire, type WireDocument } from '../../wire/document.ts';
import { problemSchema } from '../../wire/problem.ts';
import { type IngestTarget, isAboutDocument } from './target.ts';

/** Writes through the API of a running server, because it holds the data folder. The catalogue is created if absent. */
export async function httpTarget(url: string, name: string, schema: CatalogueSchema): Promise<IngestTarget> {
  await send(url, '/v1/catalogue', 'PUT', 'application/json', JSON.stringify(catalogueSchemaToWire(schema)));
  return {
    name,
    staged: false,
    write: (operations) => writeBulk(url, operations),
    leftOver: async () => 0,
    finish: async () => {},
    close: async () => {},
  };
}

async function writeBulk(
  url: string,
  operations: readonly BulkOperation[],
): Promise<readonly (TriptychError | null)[]> {
  const lines = operations.map((operation) => JSON.stringify(toWire(operation)));
  const answer = await send(url, '/v1/documents/bulk', 'POST', 'application/x-ndjson', lines.join('\n'));
  const outcomes = answer.split('\n').filter((line) => line !== '');
  if (outcomes.length !== operations.length)
    throw unavailable(url, `answered ${outcomes.length} of ${operations.length} lines`);
  return outcomes.map((line) => {
    const outcome = bulkOutcomeSchema.safeParse(parseJson(line));
    if (!outcome.success) throw unavailable(url, 'answered in a form that this version does not know');
    if (outcome.data.error === undefined) return null;
    const error = errorOf(outcome.data.error);
    if (!isAboutDocument(error)) throw error;
    return error;
  });
}

function toWire(operation: BulkOperation): WireDocument | { readonly delete: string } {
  if (operation.kind === 'delete') return { delete: operation.id };
  return documentToWire(operation.document);
}

/** The answer's text. @throws TriptychError the server's own error, or unavailable */
async function send(url: string, path: string, method: string, type: string, body: string): Promise<string> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(new URL(path, url), {
      method,
      body,
      headers: { 'content-type': type },
      redirect: 'error',
      signal: AbortSignal.timeout(limits.ingestCallMsMax),
    });
    text = await response.text();
  } catch (error) {
    throw unavailable(url, 'does not answer', error);
  }
  if (response.ok) return text;
  const problem = problemSchema.safeParse(parseJson(text));
  if (problem.success) throw errorOf(problem.data);
  throw unavailable(url, `answered with status ${response.status}`);
}

function errorOf(problem: {
  code: ErrorCode;
  detail: string;
  fields?: { path: string; message: string }[] | undefined;
}) {
  return new TriptychError(problem.code, problem.detail, { fields: problem.fields ?? [] });
}

function unavailable(url: string, what: string, cause?: unknown): TriptychError {
  return new TriptychError('unavailable', `${url} ${what}`, { cause });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
