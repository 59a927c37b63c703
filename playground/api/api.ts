import type { Problem } from './wire.ts';

/** Thrown by calls: what the service refused, or why no answer came. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

export interface Call {
  readonly method?: 'GET' | 'POST';
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** The API key, empty for none. */
  readonly key: string;
}

/** Asks the service that this page came from. @throws ProblemError; the signal's AbortError */
export async function ask<T>(path: string, { method = 'GET', body, signal, key }: Call): Promise<T> {
  const init: RequestInit = {
    method,
    headers: {
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(key !== '' && { authorization: `Bearer ${key}` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal !== undefined && { signal }),
  };
  const response = await reach(path, init);
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok && answer !== null) return answer as T;
  throw new ProblemError(isProblem(answer) ? answer : strange(response.status));
}

async function reach(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ProblemError({
      status: 0,
      code: 'unreachable',
      title: 'The service cannot be reached',
      detail: 'no answer came; is it still running?',
      retriable: true,
    });
  }
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'code' in value && 'detail' in value;
}

function strange(status: number): Problem {
  return {
    status,
    code: 'not_an_answer',
    title: 'Not an answer of the service',
    detail: `something between this page and the service answered with status ${status}`,
    retriable: true,
  };
}

/** Whatever was thrown, as a problem to show; null for a call that was given up on purpose. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof DOMException && error.name === 'AbortError') return null;
  const detail = error instanceof Error ? error.message : String(error);
  return { status: 0, code: 'page_error', title: 'The page made a mistake', detail, retriable: false };
}
