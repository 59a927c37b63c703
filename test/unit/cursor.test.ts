import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { CursorCodec, type ListPosition } from '../../src/search/cursor.ts';

const key = new Uint8Array(32).fill(7);
const codec = new CursorCodec(() => key);
const position: ListPosition = {
  tenant: 'acme',
  requestHash: 'hash',
  listId: 'list',
  offset: 20,
  nowMs: 1_700_000_000_123,
  digest: '0123456789abcdef',
};
const cursor = codec.encode(position);

function refused(given: string, tenant = 'acme', hash = 'hash', by = codec): void {
  let thrown: unknown;
  try {
    by.decode(given, tenant, hash);
  } catch (error) {
    thrown = error;
  }
  expect(thrown, given).toBeInstanceOf(TriptychError);
  expect(thrown).toMatchObject({ code: 'cursor_mismatch', status: 400, fields: [{ path: 'cursor' }] });
}

/** A payload that nobody but the holder of the key can have signed. */
function signed(payload: unknown, by = key): string {
  const text = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)).toString(
    'base64url',
  );
  return `${text}.${createHmac('sha256', by).update(text).digest('base64url')}`;
}

describe('a cursor', () => {
  it('gives back what went in, and is one word for a URL or a body', () => {
    expect(codec.decode(cursor, 'acme', 'hash')).toEqual(position);
    expect(cursor).toMatch(/^[\w-]+\.[\w-]+$/);
  });

  it('of a tenant and a request with the longest names is not too long', () => {
    const wide = { ...position, tenant: 'x'.repeat(limits.nameCharsMax), requestHash: 'h'.repeat(22) };
    const given = codec.encode({ ...wide, offset: limits.rankDepthMax, listId: 'l'.repeat(22) });
    expect(given.length).toBeLessThanOrEqual(limits.cursorCharsMax);
    expect(codec.decode(given, wide.tenant, wide.requestHash).tenant).toBe(wide.tenant);
  });

  it('is refused to another tenant and another request', () => {
    refused(cursor, 'globex');
    refused(cursor, '');
    refused(cursor, 'acme', 'other');
  });

  it('is refused by another key', () => {
    refused(cursor, 'acme', 'hash', new CursorCodec(() => new Uint8Array(32).fill(8)));
  });

  it.each(Object.keys(position) as (keyof ListPosition)[])('is refused when its %s was changed', (part) => {
    const [, signature] = cursor.split('.');
    const value = position[part];
    const changed = { ...position, [part]: typeof value === 'number' ? value + 1 : `${value}x` };
    const [payload] = codec.encode(changed).split('.');
    refused(`${payload}.${signature}`, changed.tenant, changed.requestHash);
  });

  it('is refused when any of its characters was changed', () => {
    for (let at = 0; at < cursor.length; at++) {
      const other = cursor[at] === 'A' ? 'B' : 'A';
      refused(`${cursor.slice(0, at)}${other}${cursor.slice(at + 1)}`);
    }
  });

  it('of another version is refused, though it is signed', () => {
    const { tenant, requestHash, listId, offset, nowMs, digest } = position;
    const parts = [tenant, requestHash, listId, offset, nowMs, digest];
    expect(codec.decode(signed([1, ...parts]), 'acme', 'hash')).toEqual(position);
    refused(signed([2, ...parts]));
  });

  it.each([
    '',
    '.',
    '..',
    'a',
    'a.b',
    `${cursor}.`,
    `${cursor}.x`,
    ` ${cursor}`,
    `${cursor} `,
    '\u{1F600}.\0',
    'é.é',
  ])('that is garbage is refused: %j', (given) => refused(given));

  it('that is cut, doubled or too long is refused', () => {
    refused(cursor.slice(0, -1));
    refused(cursor.slice(1));
    refused(cursor + cursor);
    refused('a'.repeat(limits.cursorCharsMax + 1));
    refused(`${'a'.repeat(1_000_000)}.b`);
    refused(codec.encode({ ...position, digest: 'd'.repeat(limits.cursorCharsMax) }));
  });
});
