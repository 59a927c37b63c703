import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { MilvusServer } from '../../src/adapters/milvus/client-settings.ts';
import { testSchema } from '../support/arbitraries.ts';
import { describeWithEngines, otherCaFile } from '../support/engines.ts';
import { openMilvusFixture, serverOf } from '../support/milvus-fixture.ts';
import { documentOf } from '../support/recall-subject.ts';

const canary = 'c4nary-of-milvus';

describeWithEngines(['milvus-tls'], 'Milvus over TLS', ({ 'milvus-tls': milvus }) => {
  const server = (changes: Partial<MilvusServer> = {}): MilvusServer => ({
    ...serverOf(milvus),
    tls: true,
    ca: readFileSync(milvus.caFile, 'utf8'),
    ...changes,
  });

  it.each([
    ['a user and a password', {}],
    ['a token', { credentials: { kind: 'token', token: `${milvus.user}:${milvus.password}` } }],
  ] as const)('takes %s, in searches and in the thread that writes', async (_, changes) => {
    const fixture = openMilvusFixture(server(changes));
    try {
      await fixture.shared.ping();
      const key = { tenant: 't', generation: 1 };
      await fixture.shared.prepare('t', { schema: testSchema, generation: 1 });
      await fixture.shared.apply(key, [{ kind: 'put', document: documentOf('a') }]);
      expect(await fixture.shared.versions(key, null, 10)).toEqual([{ id: 'a', version: 1 }]);
    } finally {
      await fixture.close();
    }
  });

  it.each([
    ['another authority', { ca: readFileSync(otherCaFile(milvus.caFile), 'utf8') }],
    ['the authorities of the system alone', { ca: null }],
    ['a name that the certificate lacks', { address: milvus.address.replace('localhost', '127.0.0.2') }],
    ['no TLS', { tls: false, ca: null }],
    ['another password', { credentials: { kind: 'password', user: milvus.user, password: canary } }],
    ['another token', { credentials: { kind: 'token', token: canary } }],
  ] as const)('is refused with %s, and says no secret', async (_, changes) => {
    const fixture = openMilvusFixture(server(changes));
    try {
      const error: unknown = await fixture.shared.ping().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'unavailable' });
      const said = [error, (error as Error).cause].map((each) => `${each} ${JSON.stringify(each)}`).join(' ');
      for (const secret of [canary, milvus.password]) {
        expect(said).not.toContain(secret);
        expect(JSON.stringify(fixture.lines)).not.toContain(secret);
      }
    } finally {
      await fixture.close().catch(() => {});
    }
  });
});
