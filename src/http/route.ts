import type { z } from 'zod';
import type { ErrorCode } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { HttpMeter } from '../ports/http-meter.ts';
import type { Logger } from '../ports/logger.ts';
import type { Triptych } from '../ports/triptych.ts';
import type { Access, RouteScope } from './access.ts';
import type { Exchange } from './exchange.ts';
import type { Gates } from './gates.ts';
import type { Lifecycle } from './lifecycle.ts';

/** What every handler works with. */
export interface HttpServices extends Gates {
  readonly triptych: Triptych;
  readonly meter: HttpMeter;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly version: string;
  readonly lifecycle: Lifecycle;
  readonly access: Access;
  /** The OpenAPI document. */
  readonly openApi: unknown;
  readonly routes: readonly Route[];
}

/** What a handler wants answered; null: it has answered itself. */
export type Reply =
  | {
      readonly status: number;
      readonly json: unknown;
      readonly stages?: Readonly<Record<string, number>>;
      /** Version of the resource, sent as its strong ETag. */
      readonly version?: number;
    }
  | { readonly status: 204 }
  | { readonly status: number; readonly text: string; readonly contentType: string };

/** Path and query parameters after their schemas. */
export interface Inputs {
  readonly id: string;
  readonly query: Readonly<Record<string, unknown>>;
}

/** An answer without a schema and a content type has no body. */
export interface SuccessfulAnswer {
  readonly description: string;
  /** Default application/json. */
  readonly contentType?: string;
  readonly schema?: z.ZodType;
  /** Further media types that a caller can ask for with Accept, and what they are made of. */
  readonly also?: Readonly<Record<string, z.ZodType>>;
  /** Whether it has an ETag. */
  readonly etag?: true;
}

/** What the OpenAPI document says about a route. */
export interface Operation {
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: 'search' | 'policy' | 'documents' | 'catalogue' | 'operations';
  /** Whether answers have `Server-Timing`. */
  readonly timed?: true;
  /** Schema of `{id}` in the path; a document's unless given. */
  readonly pathId?: z.ZodType<string>;
  /** Conditional request headers that the route reads. */
  readonly conditions?: readonly ('if-match' | 'if-none-match')[];
  /** Query parameters; digits of those in `integers` are read as numbers. */
  readonly query?: { readonly schema: z.ZodObject; readonly integers: readonly string[] };
  readonly body?: {
    readonly schema: z.ZodType;
    readonly contentType: 'application/json' | 'application/x-ndjson' | 'application/merge-patch+json';
  };
  /** Successful answers by status. */
  readonly answers: Readonly<Record<number, SuccessfulAnswer>>;
  /** Codes that the route can answer with besides those any route can. */
  readonly errors: readonly ErrorCode[];
}

/** One route: where it is, what it says about itself, what it does. */
export interface Route {
  readonly method: 'get' | 'put' | 'post' | 'patch' | 'delete';
  /** As in OpenAPI: `/v1/documents/{id}`. */
  readonly path: string;
  readonly operation: Operation;
  /** Who may use it. A member that has to be there, so that no route is open because nobody thought of it. */
  readonly scope: RouteScope;
  /** Health, metrics and documentation are answered while the service starts or stops. */
  readonly always?: true;
  handle(exchange: Exchange, inputs: Inputs, services: HttpServices): Promise<Reply | null>;
}

/** Media types of an answer, the one that is sent to who does not care first; none where it has no body. */
export function answerTypes({ contentType, schema, also = {} }: SuccessfulAnswer): string[] {
  if (contentType === undefined && schema === undefined) return [];
  return [contentType ?? 'application/json', ...Object.keys(also)];
}
