import { randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import type { ErrorCode } from '../errors.ts';
import type { ApiKey } from '../ports/key-ring.ts';

/** Somebody who waits for an answer, and may stop waiting. */
export interface Caller {
  /** Calls back once, later, if the caller has hung up or does; returns how to stop listening. */
  whenGone(callback: () => void): () => void;
}

/** One request and its answer, as far as the edge itself is concerned. */
export interface Exchange extends Caller {
  readonly req: Request;
  readonly res: Response;
  readonly requestId: string;
  /** The caller's W3C trace context, if it is valid. */
  readonly traceparent: string | null;
  /** Clock.nowMs when the headers had arrived. */
  readonly arrivedAtMs: number;
  /** Template of the route, for logs and metrics. */
  route: string;
  /** Whose data the request acts on, from its credential; empty until that was checked, and no tenant is named so. */
  tenant: string;
  /** The key that was used, where there are keys. */
  key: ApiKey | null;
  bodyBytes: number;
  errorCode: ErrorCode | null;
}

const exchanges = new WeakMap<Request, Exchange>();

export function openExchange(req: Request, res: Response, arrivedAtMs: number): Exchange {
  const exchange: Exchange = {
    req,
    res,
    requestId: requestIdOf(req.headers['x-request-id']),
    traceparent: traceparentOf(req.headers.traceparent),
    arrivedAtMs,
    route: 'unmatched',
    tenant: '',
    key: null,
    bodyBytes: 0,
    errorCode: null,
    whenGone: (callback) => {
      if (res.closed) {
        const soon = setImmediate(callback);
        return () => clearImmediate(soon);
      }
      res.once('close', callback);
      return () => res.off('close', callback);
    },
  };
  exchanges.set(req, exchange);
  return exchange;
}

/** The exchange that openExchange made for this request. */
export function exchangeOf(req: Request): Exchange {
  const exchange = exchanges.get(req);
  if (exchange === undefined) throw new Error('the request was not opened');
  return exchange;
}

/** A caller's id is kept if it is short and harmless in a log line and in a header. */
function requestIdOf(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.:@=+/-]{1,128}$/.test(given) ? given : randomUUID();
}

const traceparentPattern = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/;

function traceparentOf(given: string | string[] | undefined): string | null {
  return typeof given === 'string' && traceparentPattern.test(given) ? given : null;
}

/** The caller is gone: there is nobody to answer. */
export class CallerGone extends Error {
  constructor() {
    super('the caller closed the connection');
    this.name = 'CallerGone';
  }
}
