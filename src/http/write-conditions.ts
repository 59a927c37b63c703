import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { ExpectedVersion } from '../ports/policy-store.ts';
import type { Exchange } from './exchange.ts';

/** The strong ETag of a version. */
export function etagOf(version: number): string {
  return `"${version}"`;
}

/**
 * Over what a write may write: whatever is there, anything that is stored (`If-Match: *`), or one version alone
 * (`expected`; null: nothing is stored).
 */
export type Condition = 'none' | 'stored' | { readonly expected: number | null };

/**
 * The condition of If-Match and If-None-Match (RFC 9110, 13.1). A weak or foreign ETag matches nothing; a list of ETags
 * is refused, as it would be of no use here.
 * @throws TriptychError invalid_request | precondition_failed
 */
export function conditionOf({ req }: Exchange, mayCreate: boolean): Condition {
  const match = req.headers['if-match'];
  const noneMatch = req.headers['if-none-match'];
  if (noneMatch !== undefined) {
    if (!mayCreate) throw invalid('if-none-match', 'goes with PUT only');
    if (match !== undefined) throw invalid('if-none-match', 'cannot stand beside if-match');
    if (noneMatch.trim() !== '*') throw invalid('if-none-match', 'must be *');
    return { expected: null };
  }
  if (match === undefined) return 'none';
  const tag = match.trim();
  if (tag === '*') return 'stored';
  if (!/^(W\/)?"[!#-~\u0080-\u00ff]*"$/.test(tag))
    throw invalid('if-match', 'must be one ETag in quotes, or *');
  const version = /^"(0|[1-9]\d{0,14})"$/.exec(tag)?.[1];
  if (version === undefined) throw preconditionFailed('If-Match is no ETag of this resource');
  return { expected: version === '0' ? null : Number(version) };
}

function invalid(header: string, message: string): TriptychError {
  return new TriptychError('invalid_request', `the header ${header} ${message}`, {
    fields: [{ path: `header.${header}`, message }],
  });
}

/** @param what how it is instead */
export function preconditionFailed(what: string): TriptychError {
  return new TriptychError('precondition_failed', `${what}: GET it again, and send its ETag as If-Match`);
}

/**
 * Writes under a condition. `readVersion` gives the stored version, 0 where there is none.
 * @throws TriptychError precondition_failed
 */
export function writeUnder<T>(
  condition: Condition,
  readVersion: () => Promise<number>,
  write: (expected: ExpectedVersion) => Promise<T>,
): Promise<T> {
  if (condition === 'none') return write(undefined);
  if (condition !== 'stored') return write(condition.expected);
  return overCurrent(async () => {
    const version = await readVersion();
    if (version === 0) throw preconditionFailed('nothing is stored yet');
    return version;
  }, write);
}

/**
 * Reads what is there and writes over exactly that; both again when another writer came in between, at most
 * limits.policyAttemptsMax times. What `read` refuses is refused.
 * @throws TriptychError precondition_failed, and whatever else the two throw
 */
export async function overCurrent<C, T>(
  read: () => Promise<C>,
  write: (current: C) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const current = await read();
    try {
      return await write(current);
    } catch (error) {
      const beaten = error instanceof TriptychError && error.code === 'precondition_failed';
      if (!beaten || attempt >= limits.policyAttemptsMax) throw error;
    }
  }
}
