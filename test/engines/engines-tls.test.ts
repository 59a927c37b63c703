import { readFileSync } from 'node:fs';
import { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { Redis } from 'ioredis';
import neo4j from 'neo4j-driver';
import pg from 'pg';
import { expect, it } from 'vitest';
import { describeWithEngines, otherCaFile } from '../support/engines.ts';

// What the adapters' suites of TLS stand on: the servers speak it, under an authority that is not the machine's.

describeWithEngines(['postgres'], 'Postgres with TLS', ({ postgres }) => {
  async function usesTls(ca: string, url = postgres.tlsUrl): Promise<boolean> {
    const client = new pg.Client({ connectionString: url, ssl: { ca: readFileSync(ca, 'utf8') } });
    try {
      await client.connect();
      const { rows } = await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
      return rows[0].ssl;
    } finally {
      await client.end();
    }
  }

  it('is verified by its authority', async () => {
    expect(await usesTls(postgres.caFile)).toBe(true);
  });

  it('is refused under another authority, and under a name that its certificate lacks', async () => {
    await expect(usesTls(otherCaFile(postgres.caFile))).rejects.toThrow(/certificate|signature/);
    const byAddress = postgres.tlsUrl.replace('@localhost:', '@127.0.0.1:');
    await expect(usesTls(postgres.caFile, byAddress)).rejects.toThrow(/IP: 127.0.0.1 is not in the cert/);
  });
});

describeWithEngines(['redis'], 'Redis with TLS', ({ redis }) => {
  async function ping(ca: string, url = redis.tlsUrl): Promise<string> {
    const tls = { ca: readFileSync(ca, 'utf8') };
    const client = new Redis(url, {
      password: redis.password,
      tls,
      lazyConnect: true,
      retryStrategy: () => null,
    });
    const failure = new Promise<never>((_, failed) => client.once('error', failed));
    try {
      return await Promise.race([client.connect().then(() => client.ping()), failure]);
    } finally {
      client.disconnect();
    }
  }

  it('is verified by its authority', async () => {
    expect(await ping(redis.caFile)).toBe('PONG');
  });

  it('is refused under another authority, and under a name that its certificate lacks', async () => {
    await expect(ping(otherCaFile(redis.caFile))).rejects.toThrow(/certificate|signature/);
    await expect(ping(redis.caFile, redis.tlsUrl.replace('localhost', '127.0.0.1'))).rejects.toThrow(
      /IP: 127.0.0.1 is not in the cert/,
    );
  });
});

for (const name of ['neo4j', 'neo4j-2026'] as const)
  describeWithEngines([name], `${name} with TLS`, ({ [name]: engine }) => {
    async function encrypted(ca: string, uri = engine.tlsUri): Promise<boolean> {
      const driver = neo4j.driver(
        uri.replace('neo4j+s:', 'neo4j:'),
        neo4j.auth.basic('neo4j', engine.password),
        {
          encrypted: 'ENCRYPTION_ON',
          trust: 'TRUST_CUSTOM_CA_SIGNED_CERTIFICATES',
          trustedCertificates: [ca],
          connectionAcquisitionTimeout: 5_000,
        },
      );
      try {
        await driver.verifyConnectivity();
        return driver.isEncrypted();
      } finally {
        await driver.close();
      }
    }

    it('is verified by its authority', async () => {
      expect(await encrypted(engine.caFile)).toBe(true);
    });

    it('is refused under another authority, and under a name that its certificate lacks', async () => {
      await expect(encrypted(otherCaFile(engine.caFile))).rejects.toThrow();
      await expect(
        encrypted(engine.caFile, engine.tlsUri.replace('localhost', '127.0.0.1')),
      ).rejects.toThrow();
    });
  });

describeWithEngines(['milvus-tls'], 'Milvus with TLS', ({ 'milvus-tls': milvus }) => {
  async function version(ca: string): Promise<string> {
    const client = new MilvusClient({
      address: milvus.address,
      username: milvus.user,
      password: milvus.password,
      ssl: true,
      tls: { rootCertPath: ca },
      timeout: 5_000,
      maxRetries: 0,
      logLevel: 'error',
    });
    client.connectPromise.catch(() => {});
    try {
      await client.connectPromise;
      return (await client.getVersion()).version ?? '';
    } finally {
      await client.closeConnection();
    }
  }

  it('is verified by its authority', async () => {
    expect(await version(milvus.caFile)).toMatch(/^v2\.3\.5/);
  });

  it('is refused under another authority', async () => {
    await expect(version(otherCaFile(milvus.caFile))).rejects.toThrow();
  });
});
