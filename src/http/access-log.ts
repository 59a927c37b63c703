import type { Exchange } from './exchange.ts';
import type { HttpServices } from './route.ts';

/** Status of an exchange whose caller left before it was answered; the usual number for it in access logs. */
const callerGone = 499;

/** One line and one measurement per request. Of bodies, queries, ids and headers nothing goes in but the name of the key. */
export function recordExchange(exchange: Exchange, { clock, meter, logger }: HttpServices): void {
  const { req, res } = exchange;
  const ms = clock.nowMs() - exchange.arrivedAtMs;
  const status = res.writableFinished ? res.statusCode : callerGone;
  meter.request(exchange.route, req.method, status, ms);
  logger.info(
    {
      request_id: exchange.requestId,
      ...(exchange.traceparent !== null && {
        trace_id: exchange.traceparent.slice(3, 35),
        parent_span_id: exchange.traceparent.slice(36, 52),
      }),
      method: req.method,
      route: exchange.route,
      status,
      ...(exchange.key !== null && { key: exchange.key.keyId }),
      ...(exchange.errorCode !== null && { code: exchange.errorCode }),
      ms: Math.round(ms * 1_000) / 1_000,
      body_bytes: exchange.bodyBytes,
    },
    'request',
  );
}
