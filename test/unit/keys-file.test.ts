import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newApiKey } from '../../src/adapters/keys-file/api-key.ts';
import { addKey, makeKey } from '../../src/adapters/keys-file/edit-keys-file.ts';
import { type KeysFile, openKeysFile } from '../../src/adapters/keys-file/keys-file.ts';
import { grants } from '../../src/domain/scope.ts';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { testKey } from '../support/keys.ts';

let folder: string;
let path: string;
let clock: FakeClock;
let warnings: { readonly fields: object; readonly message: string }[];
let open: KeysFile | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'triptych-keys-'));
  path = join(folder, 'keys.json');
  clock = new FakeClock();
  warnings = [];
});
afterEach(() => {
  open?.close();
  rmSync(folder, { recursive: true });
});

let written = 0;
/** Writes the file at a time of its own, however coarse the file system's are. */
function write(content: unknown): void {
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  written++;
  utimesSync(path, written, written);
}

const writeKeys = (...keys: { readonly entry: object }[]) => write({ keys: keys.map(({ entry }) => entry) });

async function opened(): Promise<KeysFile> {
  const logger = {
    info() {},
    error() {},
    warn: (fields: object, message: string) => warnings.push({ fields, message }),
  };
  open = await openKeysFile({ path, clock, logger });
  return open;
}

const nowMs = Date.parse('2026-06-01');
const one = testKey('one', { tenant: 'acme', scopes: ['search', 'learn'], rate_per_second: 2.5 });
const two = testKey('two', { tenant: 'globex', expires: '2026-06-02' });

describe('a keys file', () => {
  it('knows its keys, their tenants and when they end', async () => {
    writeKeys(one, two, testKey('three', { tenant: 'acme' }));
    const ring = await opened();
    expect(ring.authenticate(one.secret, nowMs)).toEqual({
      keyId: 'one',
      tenant: 'acme',
      scopes: ['search', 'learn'],
      ratePerSecond: 2.5,
      burst: 3,
    });
    expect(ring.authenticate(two.secret, nowMs)).toMatchObject({ keyId: 'two' });
    expect(ring.authenticate(two.secret, Date.parse('2026-06-02') - 1)).toMatchObject({ keyId: 'two' });
    expect(ring.authenticate(two.secret, Date.parse('2026-06-02'))).toEqual({ problem: 'expired' });
    expect(ring.tenants()).toEqual(['acme', 'globex']);
  });

  it('knows no other secret', async () => {
    writeKeys(one, two);
    const ring = await opened();
    const secrets = [
      newApiKey('one'),
      newApiKey('nobody'),
      one.entry.sha256,
      `${one.secret}x`,
      one.secret.slice(0, -1),
      one.secret.toUpperCase(),
      `${one.secret}\n`,
      one.secret.replace('_one_', '_two_'),
      '',
      'tp__',
      'k'.repeat(100_000),
    ];
    for (const secret of secrets) expect(ring.authenticate(secret, nowMs)).toEqual({ problem: 'unknown' });
  });

  it.each<[string, unknown, string]>([
    ['no JSON', '{"keys": [tp_secret', '$'],
    ['a list', [], '$'],
    ['another member', { keys: [], more: 1 }, 'more'],
    ['an id with _', { keys: [{ ...one.entry, id: 'a_b' }] }, 'keys[0].id'],
    ['a hash that is none', { keys: [one.entry, { ...two.entry, sha256: 'abc' }] }, 'keys[1].sha256'],
    ['a tenant that is no name', { keys: [{ ...one.entry, tenant: 'a b' }] }, 'keys[0].tenant'],
    ['an unknown scope', { keys: [{ ...one.entry, scopes: ['search', 'all'] }] }, 'keys[0].scopes[1]'],
    ['no scope', { keys: [{ ...one.entry, scopes: [] }] }, 'keys[0].scopes'],
    ['a date that is none', { keys: [{ ...one.entry, expires: 'soon' }] }, 'keys[0].expires'],
    ['a rate of nothing', { keys: [{ ...one.entry, rate_per_second: 0 }] }, 'keys[0].rate_per_second'],
    ['the key itself', { keys: [{ ...one.entry, key: one.secret }] }, 'keys[0].key'],
    ['an id twice', { keys: [one.entry, { ...two.entry, id: 'one' }] }, 'keys[1].id'],
    ['a hash twice', { keys: [one.entry, { ...one.entry, id: 'uno' }] }, 'keys[1].sha256'],
  ])('is refused with the place: %s', async (_name, content, place) => {
    write(content);
    const error = await opened().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TriptychError);
    const { code, fields, message } = error as TriptychError;
    expect(code).toBe('invalid_settings');
    expect(fields.map((field) => field.path)).toContain(place === '$' ? path : `${place} (in ${path})`);
    expect(message).not.toContain('tp_');
  });

  it('must be there and not too large', async () => {
    await expect(opened()).rejects.toMatchObject({ fields: [{ message: 'cannot be read' }] });
    write(' '.repeat(limits.keysFileBytesMax + 1));
    await expect(opened()).rejects.toMatchObject({ fields: [{ message: expect.stringContaining('bytes') }] });
  });
});

describe('a watched keys file', () => {
  /** Lets the next look at the file happen, to its end. */
  async function look(): Promise<void> {
    clock.advance(limits.keysReloadMs);
    await expect.poll(() => clock.waiting, { timeout: 20_000 }).toBe(1);
  }

  it('takes new keys, and forgets those that are gone', async () => {
    writeKeys(one);
    const ring = await opened();
    const reloads: (readonly string[])[] = [];
    ring.watch((tenants) => reloads.push(tenants));
    await look();
    expect(reloads).toEqual([]);
    writeKeys(two);
    expect(ring.authenticate(two.secret, nowMs)).toEqual({ problem: 'unknown' });
    await look();
    expect(reloads).toEqual([['globex']]);
    expect(ring.authenticate(two.secret, nowMs)).toMatchObject({ keyId: 'two' });
    expect(ring.authenticate(one.secret, nowMs)).toEqual({ problem: 'unknown' });
  });

  it('keeps the keys while the file cannot be used, and warns once', async () => {
    writeKeys(one);
    const ring = await opened();
    ring.watch(() => {});
    write('{');
    for (let i = 0; i < 3; i++) await look();
    expect(ring.authenticate(one.secret, nowMs)).toMatchObject({ keyId: 'one' });
    expect(warnings).toEqual([
      { fields: { fields: [{ path, message: 'is not valid JSON' }] }, message: expect.any(String) },
    ]);
    rmSync(path);
    for (let i = 0; i < 3; i++) await look();
    expect(ring.authenticate(one.secret, nowMs)).toMatchObject({ keyId: 'one' });
    expect(warnings.length).toBe(2);
    writeKeys(two);
    await look();
    expect(ring.authenticate(two.secret, nowMs)).toMatchObject({ keyId: 'two' });
  });

  it('is not looked at after it was closed', async () => {
    writeKeys(one);
    const ring = await opened();
    ring.watch(() => {});
    ring.close();
    expect(clock.waiting).toBe(0);
  });
});

describe('a new key', () => {
  it('opens what its entry says, and goes into a file of its owner', async () => {
    const { secret, entry } = makeKey({ id: 'a-1', tenant: 'acme', scopes: ['ingest'], expires: null });
    expect(secret).toMatch(/^tp_a-1_[\w-]{43}$/);
    expect(JSON.stringify(entry)).not.toContain(secret.slice(-43));
    await addKey(path, entry);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await addKey(path, one.entry);
    const ring = await opened();
    expect(ring.authenticate(secret, nowMs)).toMatchObject({ keyId: 'a-1', tenant: 'acme' });
    expect(ring.authenticate(one.secret, nowMs)).toMatchObject({ keyId: 'one' });
  });

  it('has an id that is free, and leaves a broken file alone', async () => {
    writeKeys(one);
    await expect(addKey(path, { ...two.entry, id: 'one' })).rejects.toMatchObject({
      fields: [{ message: 'there is a key "one" already' }],
    });
    write('{');
    await expect(addKey(path, two.entry)).rejects.toMatchObject({ code: 'invalid_settings' });
  });

  it('is never made twice', () => {
    expect(new Set(Array.from({ length: 1_000 }, () => newApiKey('a'))).size).toBe(1_000);
  });
});

it('admin is good for everything, and no other scope for more than itself', () => {
  expect(grants(['admin'], ['ingest'])).toBe(true);
  expect(grants(['search', 'learn'], ['ingest', 'learn'])).toBe(true);
  expect(grants(['search', 'learn'], ['ingest'])).toBe(false);
  expect(grants(['search'], ['admin'])).toBe(false);
});
