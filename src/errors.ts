/**
 * One error class with a stable code. The catalogue below is the only list of codes; docs/errors.md is
 * checked against it. `status` is what HTTP answers with, `retriable` says whether the same call can succeed later.
 */
export const errorCatalogue = {
  invalid_http: { status: 400, retriable: false, title: 'The bytes are not a valid HTTP request' },
  invalid_json: { status: 400, retriable: false, title: 'The body is not valid JSON' },
  invalid_request: { status: 400, retriable: false, title: 'The request does not match the schema' },
  invalid_document: {
    status: 400,
    retriable: false,
    title: 'A document does not match the catalogue schema',
  },
  invalid_schema: { status: 400, retriable: false, title: 'The catalogue schema is not valid' },
  unknown_field: { status: 400, retriable: false, title: 'A facet or field is not in the catalogue schema' },
  unknown_profile: { status: 400, retriable: false, title: 'The profile does not exist' },
  unknown_context: { status: 400, retriable: false, title: 'The context is not declared' },
  cursor_mismatch: { status: 400, retriable: false, title: 'The cursor belongs to another request' },
  wrong_dimension: { status: 400, retriable: false, title: 'A vector has the wrong dimension' },
  invalid_settings: { status: 500, retriable: false, title: 'The settings of the service are not valid' },
  unauthenticated: { status: 401, retriable: false, title: 'The request has no valid API key' },
  forbidden: { status: 403, retriable: false, title: 'The API key does not allow this' },
  not_found: { status: 404, retriable: false, title: 'There is no such resource' },
  document_not_found: { status: 404, retriable: false, title: 'The document does not exist' },
  user_not_found: { status: 404, retriable: false, title: 'Nothing is known about the user' },
  method_not_allowed: { status: 405, retriable: false, title: 'The route does not allow this method' },
  not_acceptable: { status: 406, retriable: false, title: 'The route cannot answer in that media type' },
  request_timeout: { status: 408, retriable: true, title: 'The request did not arrive in time' },
  catalogue_conflict: { status: 409, retriable: false, title: 'The catalogue has another schema' },
  no_catalogue: { status: 409, retriable: false, title: 'There is no catalogue yet' },
  cursor_expired: { status: 410, retriable: false, title: 'The list that the cursor continues is gone' },
  precondition_failed: {
    status: 412,
    retriable: false,
    title: 'The resource has another version than the request expects',
  },
  body_too_large: { status: 413, retriable: false, title: 'The body is larger than the route allows' },
  unsupported_media_type: {
    status: 415,
    retriable: false,
    title: 'The content type or encoding is not supported',
  },
  rate_limited: { status: 429, retriable: true, title: 'The caller has used up its rate' },
  headers_too_large: { status: 431, retriable: false, title: 'The request headers are too large' },
  internal: {
    status: 500,
    retriable: false,
    title: 'An unexpected error; the request id finds it in the log',
  },
  overloaded: { status: 503, retriable: true, title: 'Too many requests are in flight' },
  not_ready: { status: 503, retriable: true, title: 'The service is starting or stopping' },
  unavailable: { status: 503, retriable: true, title: 'No store could answer' },
  store_open: { status: 503, retriable: true, title: 'A store keeps failing and is left alone for a while' },
  policy_unavailable: {
    status: 503,
    retriable: true,
    title: 'The policy that must be known could not be read',
  },
  embedder_unavailable: { status: 503, retriable: true, title: 'The embedder could not answer' },
  data_dir_locked: { status: 503, retriable: false, title: 'Another process uses the data folder' },
  data_too_old: { status: 503, retriable: true, title: 'The stored data is older than this version needs' },
  data_too_new: { status: 503, retriable: false, title: 'A newer version has written the stored data' },
  deadline_exceeded: { status: 504, retriable: true, title: 'The deadline passed before a complete answer' },
  catalogue_full: { status: 507, retriable: false, title: 'The catalogue is full' },
} as const;

export type ErrorCode = keyof typeof errorCatalogue;

/** One thing wrong with an input: `path` is a JSON path such as `filter.and[0].facet`. */
export interface FieldProblem {
  readonly path: string;
  readonly message: string;
}

export interface ErrorDetails {
  readonly cause?: unknown;
  readonly fields?: readonly FieldProblem[];
  /** Extra members of the problem document, for example `coverage`. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds?: number;
}

export class TriptychError extends Error {
  readonly code: ErrorCode;
  readonly fields: readonly FieldProblem[];
  readonly members: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'TriptychError';
    this.code = code;
    this.fields = details.fields ?? [];
    this.members = details.members ?? {};
    this.retryAfterSeconds = details.retryAfterSeconds;
  }

  get status(): number {
    return errorCatalogue[this.code].status;
  }

  get retriable(): boolean {
    return errorCatalogue[this.code].retriable;
  }
}
