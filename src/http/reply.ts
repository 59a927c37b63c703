import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import { coverageToWire } from '../wire/coverage.ts';
import { problemOf, type WireProblem } from '../wire/problem.ts';
import type { Exchange } from './exchange.ts';
import type { Reply } from './route.ts';
import { serverTiming } from './server-timing.ts';
import { etagOf } from './write-conditions.ts';

const retryAfterSecondsDefault = 1;

/** Sends what a handler returned. */
export function sendReply(exchange: Exchange, reply: Reply): void {
  const { res } = exchange;
  if ('text' in reply) {
    send(exchange, reply.status, reply.contentType, reply.text);
    return;
  }
  if (!('json' in reply)) {
    res.statusCode = reply.status;
    res.setHeader('cache-control', 'no-store');
    res.end();
    return;
  }
  if (reply.version !== undefined) res.setHeader('etag', etagOf(reply.version));
  if (reply.stages !== undefined) res.setHeader('server-timing', serverTiming(reply.stages));
  send(exchange, reply.status, 'application/json; charset=utf-8', JSON.stringify(reply.json));
}

/** Sends an error as problem+json. After the headers are out nothing can be said any more: the connection is cut. */
export function sendProblem(exchange: Exchange, error: unknown): void {
  const { res } = exchange;
  const problem = problemFor(error, exchange.requestId);
  exchange.errorCode = problem.code;
  if (res.headersSent) {
    res.destroy();
    return;
  }
  if (problem.status === 401) res.setHeader('www-authenticate', 'Bearer');
  if (problem.status === 429 || problem.status === 503) {
    const seconds = error instanceof TriptychError ? error.retryAfterSeconds : undefined;
    res.setHeader('retry-after', String(Math.max(1, Math.ceil(seconds ?? retryAfterSecondsDefault))));
  }
  send(exchange, problem.status, 'application/problem+json; charset=utf-8', JSON.stringify(problem));
}

/** The problem document, with a search's coverage in wire form. */
export function problemFor(error: unknown, requestId?: string): WireProblem {
  const problem = problemOf(error, requestId);
  const { coverage } = problem;
  // Only search sets this member, and it sets the domain's Coverage.
  if (typeof coverage !== 'object' || coverage === null) return problem;
  return { ...problem, coverage: coverageToWire(coverage) };
}

function send(exchange: Exchange, status: number, contentType: string, text: string): void {
  const { res } = exchange;
  res.statusCode = status;
  res.setHeader('content-type', contentType);
  res.setHeader('content-length', Buffer.byteLength(text));
  if (!res.hasHeader('cache-control')) res.setHeader('cache-control', 'no-store');
  // As text, headers and body leave in one write.
  res.end(exchange.req.method === 'HEAD' ? undefined : text, 'utf8');
}

/**
 * When an answer is out before the request's body was read to its end, the rest is thrown away for a while: closing at
 * once could reset the connection before the client has read the answer, and waiting forever would let it hold one.
 */
export function discardRest(exchange: Exchange, clock: Clock): void {
  const { req } = exchange;
  if (req.complete || req.destroyed) return;
  req.on('error', () => {});
  const cancel = clock.after(limits.lingerMsMax, () => {
    // Once it was read, the connection may be busy with another request.
    if (!req.complete) req.socket.destroy();
  });
  req.once('close', cancel).once('end', cancel);
  // An iterator that was left in the middle still listens, and a stream that is listened to this way does not flow.
  req.removeAllListeners('readable');
  // Without listeners node stops the flow on its next tick, so a flow that began before that would end unseen.
  process.nextTick(() => req.resume());
}
