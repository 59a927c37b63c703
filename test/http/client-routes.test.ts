import { describe, expect, it } from 'vitest';
import { TriptychClient } from '../../src/client/index.ts';
import { routes } from '../../src/http/routes/index.ts';
import { clientCalls } from '../support/client-calls.ts';

/** Routes that the client reaches by another path. */
const aliases: readonly string[] = ['POST /v2/rerank'];

/** What each method asks for, `GET /v1/documents/{id}`, and what it sends. */
async function asked(): Promise<{ readonly route: string; readonly init: RequestInit }[]> {
  const found: { route: string; init: RequestInit }[] = [];
  const client = new TriptychClient({
    url: 'http://localhost/',
    fetch: async (url, init) => {
      const path = decodeURIComponent(new URL(url).pathname).replaceAll('an id', '{id}');
      found.push({ route: `${init.method} ${path}`, init });
      return new Response('');
    },
  });
  // What an empty answer fails by does not matter here.
  for (const call of Object.values(clientCalls)) await call(client).catch(() => {});
  return found;
}

describe('the client', () => {
  it('has a call in the table for every method', () => {
    const methods = Object.getOwnPropertyNames(TriptychClient.prototype).filter(
      (name) => name !== 'constructor',
    );
    expect(Object.keys(clientCalls).sort()).toEqual(methods.sort());
  });

  it('has a method for every route, and asks for no other', async () => {
    const reached = new Set((await asked()).map(({ route }) => route));
    const real = routes.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect([...reached, ...aliases].sort()).toEqual(real.sort());
  });

  it('sends bodies in the media type of the route', async () => {
    const calls = await asked();
    for (const { method, path, operation } of routes) {
      const call = calls.find(({ route }) => route === `${method.toUpperCase()} ${path}`);
      if (call === undefined) continue;
      const headers = new Headers(call.init.headers);
      expect([path, headers.get('content-type')]).toEqual([path, operation.body?.contentType ?? null]);
    }
  });
});
