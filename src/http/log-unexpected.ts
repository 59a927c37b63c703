import { TriptychError } from '../errors.ts';
import type { Exchange } from './exchange.ts';
import type { HttpServices } from './route.ts';

/** Logs an error that the answer shows nothing of: for answers that have begun, whose handlers end them themselves. */
export function logUnexpected(
  error: unknown,
  exchange: Exchange,
  { logger }: Pick<HttpServices, 'logger'>,
): void {
  if (error instanceof TriptychError && error.status !== 500) return;
  logger.error({ request_id: exchange.requestId, route: exchange.route, error }, 'unexpected error');
}
