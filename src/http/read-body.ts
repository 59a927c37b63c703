import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import { parseJsonBytes } from '../wire/json.ts';
import { CallerGone, type Exchange } from './exchange.ts';

export interface JsonBody {
  readonly value: unknown;
  /** Clock.nowMs when the last byte arrived: deadlines count from here. */
  readonly receivedAtMs: number;
}

/** The codes of `readJson`, for the operations that call it. */
export const jsonBodyErrors = [
  'invalid_json',
  'invalid_request',
  'request_timeout',
  'body_too_large',
  'unsupported_media_type',
] as const;

/**
 * Reads and parses a JSON body of at most `bytesMax` bytes.
 * @throws TriptychError unsupported_media_type | body_too_large | request_timeout | invalid_json | invalid_request
 * @throws CallerGone
 */
export async function readJson(
  exchange: Exchange,
  bytesMax: number,
  clock: Clock,
  mediaTypes: readonly string[] = ['application/json'],
): Promise<JsonBody> {
  checkMediaType(exchange, mediaTypes);
  checkLength(exchange, bytesMax);
  const bytes = await readBytes(exchange, bytesMax, clock);
  const receivedAtMs = clock.nowMs();
  return { value: parseJsonBytes(bytes), receivedAtMs };
}

/** @throws TriptychError unsupported_media_type, also for any content encoding: nothing is inflated here */
export function checkMediaType(exchange: Exchange, accepted: readonly string[]): void {
  const { headers } = exchange.req;
  const [type = '', ...parameters] = (headers['content-type'] ?? '').split(';').map((part) => part.trim());
  if (!accepted.includes(type.toLowerCase()))
    throw mediaProblem('content-type', `must be ${accepted.join(' or ')}`);
  const charset = parameters.find((parameter) => /^charset=/i.test(parameter));
  if (charset !== undefined && !/^charset="?utf-?8"?$/i.test(charset))
    throw mediaProblem('content-type', 'must have the charset utf-8 or none');
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw mediaProblem('content-encoding', 'must be absent: bodies are not inflated');
}

function mediaProblem(header: string, message: string): TriptychError {
  return new TriptychError('unsupported_media_type', `the header ${header} ${message}`, {
    fields: [{ path: `header.${header}`, message }],
  });
}

/** @throws TriptychError body_too_large when the announced length is too large */
export function checkLength(exchange: Exchange, bytesMax: number): void {
  if (Number(exchange.req.headers['content-length'] ?? 0) > bytesMax) throw tooLarge(bytesMax);
}

export function tooLarge(bytesMax: number, what: 'body' | 'line' = 'body'): TriptychError {
  const message = `has more than ${bytesMax} bytes`;
  return new TriptychError('body_too_large', `the ${what} ${message}`, { fields: [{ path: '$', message }] });
}

function readBytes(exchange: Exchange, bytesMax: number, clock: Clock): Promise<Buffer> {
  const { req } = exchange;
  return new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = [];
    const settle = (finish: () => void) => {
      cancelTimeout();
      req.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      // A body that breaks off after this must not become an unhandled error.
      req.on('error', () => {});
      finish();
    };
    const onData = (chunk: Buffer) => {
      exchange.bodyBytes += chunk.length;
      chunks.push(chunk);
      if (exchange.bodyBytes > bytesMax) settle(() => reject(tooLarge(bytesMax)));
    };
    const onEnd = () => settle(() => resolve(Buffer.concat(chunks)));
    const onClose = () => settle(() => reject(new CallerGone()));
    const cancelTimeout = clock.after(limits.requestTimeoutMs, () =>
      settle(() => reject(new TriptychError('request_timeout', 'the body did not arrive in time'))),
    );
    req.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}
