import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { describeWithEngines, otherCaFile } from '../support/engines.ts';
import { emptyCache, openCache, until } from '../support/redis-fixture.ts';

describeWithEngines(['redis'], 'The shared cache over TLS', ({ redis }) => {
  const ca = readFileSync(redis.caFile, 'utf8');

  it('works where the given authority signed the certificate of the server', async () => {
    const opened = openCache({ url: redis.tlsUrl, password: redis.password, ca }, { local: emptyCache });
    await until(async () => {
      await opened.cache.set('k', 'over TLS', 60_000);
      return (await opened.cache.get('k')) === 'over TLS';
    });
    await opened.close();
  });

  it.each([
    ['another authority', redis.tlsUrl, readFileSync(otherCaFile(redis.caFile), 'utf8'), /CERT|SIGNATURE/],
    ['the authorities of the system', redis.tlsUrl, null, /CERT|SIGNATURE/],
    ['a name that the certificate lacks', redis.tlsUrl.replace('localhost', '127.0.0.1'), ca, /ALTNAME/],
  ])('sends nothing under %s', async (_, url, authority, code) => {
    const opened = openCache({ url, password: redis.password, ca: authority }, { local: emptyCache });
    await until(() => opened.lines.length > 0);
    await sleep(300);
    await opened.cache.set('k', 1, 60_000);
    expect(await opened.cache.get('k')).toBeUndefined();
    expect(opened.lines).toMatchObject([{ level: 'warn', fields: { code: expect.stringMatching(code) } }]);
    expect(JSON.stringify(opened.lines)).not.toContain(redis.password);
    await opened.close();
  });
});
