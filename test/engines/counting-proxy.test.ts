import { MilvusClient } from '@zilliz/milvus2-sdk-node';
import neo4j from 'neo4j-driver';
import { expect, it } from 'vitest';
import { describeWithEngines } from '../support/engines.ts';
import { boltRuns, grpcCalls, openCountingProxy } from '../support/faults/counting-proxy.ts';

const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1));

describeWithEngines(['neo4j'], 'questions to Neo4j on the wire', ({ neo4j: engine }) => {
  it('are counted one by one, long ones and those of one connection', async () => {
    const proxy = await openCountingProxy(portOf(engine.uri), boltRuns);
    const driver = neo4j.driver(`bolt://127.0.0.1:${proxy.port}`, neo4j.auth.basic('neo4j', engine.password));
    try {
      const session = driver.session();
      for (let asked = 1; asked <= 5; asked++) {
        // Longer than a chunk can be, with bytes in it that look like another message.
        const ids = Array.from({ length: 20_000 }, () => '\u0000\u0010\u00b1\u0010');
        await session.run('UNWIND $ids AS id RETURN count(id) AS n', { ids });
        expect(proxy.count()).toBe(asked);
      }
      await session.close();
    } finally {
      await driver.close();
      await proxy.close();
    }
  });
});

describeWithEngines(['milvus'], 'calls to Milvus on the wire', ({ milvus }) => {
  it('are counted one by one', async () => {
    const proxy = await openCountingProxy(portOf(milvus.address), grpcCalls);
    const client = new MilvusClient({
      address: `127.0.0.1:${proxy.port}`,
      username: milvus.user,
      password: milvus.password,
      logLevel: 'error',
      // It makes calls of its own.
      telemetry: { enabled: false },
    });
    try {
      await client.connectPromise;
      const before = proxy.count();
      for (let asked = 1; asked <= 5; asked++) {
        await client.showCollections();
        expect(proxy.count() - before).toBe(asked);
      }
    } finally {
      await client.closeConnection();
      await proxy.close();
    }
  });
});
