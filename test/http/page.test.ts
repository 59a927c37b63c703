import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { type PageFiles, readPageFiles } from '../../src/http/page-files.ts';
import { FakeTriptych } from '../support/fake-triptych.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';
import { bearer, testKey, withKeys } from '../support/keys.ts';

const browser = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const pagePolicy =
  "default-src 'none';script-src 'self';style-src 'self';connect-src 'self';img-src 'self' data:;" +
  "base-uri 'none';form-action 'none';frame-ancestors 'none'";
const key = testKey('search', { scopes: ['search'] });

let folder: string;
let http: HttpHarness<FakeTriptych>;
let withKey: HttpHarness<FakeTriptych>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'triptych-page-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>a page</title>');
  writeFileSync(join(folder, 'assets', 'index-abc.js'), 'export {};');
  writeFileSync(join(folder, 'assets', 'index-abc.css'), 'p { color: red }');
  writeFileSync(join(folder, 'assets', 'notes.txt'), 'not of the page');
  writeFileSync(join(folder, 'secret.js'), 'beside the assets');
  const page = readPageFiles(folder);
  http = await startHttp(new FakeTriptych(), systemClock, { page });
  withKey = await startHttp(new FakeTriptych(), systemClock, { page, ...withKeys(key) });
});

afterAll(async () => {
  await http.close();
  await withKey.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('/', () => {
  it('is the page to a browser, with a policy that allows it its own files alone', async () => {
    const answer = await http.call('GET', '/', undefined, browser);
    expect([answer.status, answer.text]).toEqual([200, '<!doctype html><title>a page</title>']);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('content-security-policy')).toBe(pagePolicy);
    expect(answer.headers.get('cache-control')).toBe('no-cache');
    expect(answer.headers.get('vary')).toBe('accept');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.has('x-request-id')).toBe(true);
  });

  it.each([['application/json'], ['*/*'], ['application/json, text/html;q=0.9']])(
    'is JSON as before to who asks for %s',
    async (accept) => {
      const answer = await http.call('GET', '/', undefined, { accept });
      expect([answer.status, answer.at('name')]).toEqual([200, 'triptych']);
      expect(answer.headers.get('content-security-policy')).not.toContain('script-src');
    },
  );

  it('is not sent again to who has it', async () => {
    const etag = (await http.call('GET', '/', undefined, browser)).headers.get('etag')!;
    for (const had of [etag, `"other", W/${etag}`, '*']) {
      const answer = await http.call('GET', '/', undefined, { ...browser, 'if-none-match': had });
      expect([answer.status, answer.text, answer.headers.get('etag')]).toEqual([304, '', etag]);
    }
    const other = await http.call('GET', '/', undefined, { ...browser, 'if-none-match': '"other"' });
    expect(other.status).toBe(200);
  });

  it('answers HEAD without a body', async () => {
    const answer = await http.raw(
      `HEAD / HTTP/1.1\r\nhost: x\r\naccept: text/html\r\nconnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toMatch(/^content-length: 36\r$/im);
    expect(answer.endsWith('\r\n\r\n')).toBe(true);
  });

  it('says so in words where the package was built without the page', async () => {
    expect(readPageFiles(join(folder, 'nowhere'))).toBeNull();
    const without = await startHttp();
    try {
      const answer = await without.call('GET', '/', undefined, browser);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'text/plain; charset=utf-8']);
      expect(answer.text).toContain('built without the page');
      expect((await without.call('GET', '/')).at('name')).toBe('triptych');
    } finally {
      await without.close();
    }
  });
});

describe('/assets/NAME', () => {
  it.each([
    ['index-abc.js', 'text/javascript; charset=utf-8', 'export {};'],
    ['index-abc.css', 'text/css; charset=utf-8', 'p { color: red }'],
  ])('%s is kept for good', async (name, type, text) => {
    const answer = await http.call('GET', `/assets/${name}`);
    expect([answer.status, answer.text]).toEqual([200, text]);
    expect(answer.headers.get('content-type')).toBe(type);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(answer.headers.get('content-security-policy')).toBe(pagePolicy);
    const again = await http.call('GET', `/assets/${name}`, undefined, {
      'if-none-match': answer.headers.get('etag')!,
    });
    expect(again.status).toBe(304);
  });

  it.each([
    '/assets/none.js',
    '/assets/notes.txt',
    '/assets/',
    '/assets/../secret.js',
    '/assets/..%2Fsecret.js',
    '/assets/%2e%2e/secret.js',
    '/assets/..\\secret.js',
    '/secret.js',
    '/index.html',
    '/assets/../../package.json',
    '/assets//etc/passwd',
  ])('%s is not there', async (path) => {
    const answer = await http.raw(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    expect(answer).toContain('"code":"not_found"');
  });

  it('is only to be read', async () => {
    expect((await http.call('POST', '/assets/index-abc.js', {})).status).toBe(404);
  });
});

describe('with API keys', () => {
  it('the page needs none, all else does', async () => {
    expect((await withKey.call('GET', '/', undefined, browser)).status).toBe(200);
    expect((await withKey.call('GET', '/assets/index-abc.js')).status).toBe(200);
    expect((await withKey.call('GET', '/')).status).toBe(401);
    expect((await withKey.call('GET', '/assets/none.js')).status).toBe(401);
    expect((await withKey.call('GET', '/v1/catalogue')).status).toBe(401);
    expect((await withKey.call('GET', '/', undefined, bearer(key))).at('name')).toBe('triptych');
  });
});

describe('the built page', () => {
  const built = readPageFiles() as PageFiles;
  const html = built.page.body.toString();

  it('has nothing inline, and loads only what is there', () => {
    expect(html).not.toMatch(/<style|style=|<script(?![^>]*\bsrc=)|\son\w+=|javascript:|https?:/);
    const loaded = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
    expect(loaded.length).toBeGreaterThan(2);
    for (const path of loaded) expect(built.assets.has(path.replace(/^\/assets\//, '')), path).toBe(true);
  });

  it('is small', () => {
    const bytes = [...built.assets.values()].reduce((sum, { body }) => sum + gzipSync(body).length, 0);
    expect(bytes).toBeLessThan(60_000);
  });
});
