import type { ErrorCode, FieldProblem } from '../errors.ts';
import type { Problem } from './wire-types.ts';

/**
 * Why a call has no answer: a code of the service (docs/errors.md), or
 * - `unreachable`: the request did not get through,
 * - `timeout`: nothing came within `timeoutMs`,
 * - `cut_off`: the answer broke off,
 * - `unexpected_answer`: whoever answered is not this service, or not in a version that this client knows.
 */
export type RequestErrorCode = ErrorCode | 'unreachable' | 'timeout' | 'cut_off' | 'unexpected_answer';

export interface RequestErrorDetails {
  readonly status?: number;
  readonly fields?: readonly FieldProblem[];
  readonly requestId?: string | null;
  readonly retriable?: boolean;
  readonly retryAfterMs?: number | null;
  readonly problem?: Problem | null;
  readonly cause?: unknown;
}

/** The one error of the client. A call whose `signal` was aborted rejects with the signal's reason instead. */
export class TriptychRequestError extends Error {
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  readonly code: RequestErrorCode;
  /** What is wrong where in the request. */
  readonly fields: readonly FieldProblem[];
  /** Finds the request in the service's log. */
  readonly requestId: string | null;
  /** Whether the same request can succeed later. */
  readonly retriable: boolean;
  /** When to try again, as the service said it; milliseconds from the answer on. */
  readonly retryAfterMs: number | null;
  /** The whole problem document, with members such as `coverage`. */
  readonly problem: Problem | null;

  constructor(code: RequestErrorCode, message: string, details: RequestErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'TriptychRequestError';
    this.code = code;
    this.status = details.status ?? 0;
    this.fields = details.fields ?? [];
    this.requestId = details.requestId ?? null;
    this.retriable = details.retriable ?? false;
    this.retryAfterMs = details.retryAfterMs ?? null;
    this.problem = details.problem ?? null;
  }
}

/** The error of a problem document. */
export function errorOfProblem(problem: Problem, retryAfterMs: number | null = null): TriptychRequestError {
  const { status, code, detail, fields = [], request_id: requestId = null, retriable } = problem;
  return new TriptychRequestError(code, detail, {
    ...{ status, fields, requestId, retriable, retryAfterMs, problem },
  });
}

/** The error of an answer that is no success. `text` is its body. */
export function errorOfAnswer(response: Response, text: string): TriptychRequestError {
  const retryAfterMs = retryAfterOf(response.headers.get('retry-after'));
  const problem = problemIn(text);
  if (problem !== null) return errorOfProblem(problem, retryAfterMs);
  const { status, statusText } = response;
  return new TriptychRequestError(
    'unexpected_answer',
    `the answer has status ${status}${statusText === '' ? '' : ` (${statusText})`} and is no problem document`,
    { status, retryAfterMs, retriable: status >= 502, requestId: response.headers.get('x-request-id') },
  );
}

function problemIn(text: string): Problem | null {
  try {
    const value: unknown = JSON.parse(text);
    return isProblem(value) ? value : null;
  } catch {
    return null;
  }
}

function isProblem(value: unknown): value is Problem {
  if (typeof value !== 'object' || value === null) return false;
  const { code, status, detail } = value as { readonly [Name in keyof Problem]?: unknown };
  return typeof code === 'string' && typeof status === 'number' && typeof detail === 'string';
}

/** Retry-After in milliseconds: seconds, or a date that proxies write. */
function retryAfterOf(header: string | null): number | null {
  if (header === null) return null;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1_000;
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - Date.now());
}
