import { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { Redis } from 'ioredis';
import neo4j from 'neo4j-driver';
import pg from 'pg';
import type { Config } from '../../src/config/schema.ts';

/** The least question that a store answers, asked over one connection of its own client: what no adapter can undercut. */
export interface RoundTrip {
  readonly name: string;
  ask(): Promise<unknown>;
  close(): Promise<unknown>;
}

/** One for each store of the configuration that is set. */
export async function roundTrips({ stores }: Config): Promise<RoundTrip[]> {
  const opened: RoundTrip[] = [];
  if (stores.postgres !== null) opened.push(await postgres(stores.postgres.url));
  if (stores.milvus !== null) opened.push(await milvus(stores.milvus));
  if (stores.neo4j !== null) opened.push(neo4jRoundTrip(stores.neo4j));
  if (stores.redis !== null) opened.push(await redis(stores.redis));
  return opened;
}

async function postgres(url: string): Promise<RoundTrip> {
  const client = new pg.Client({ connectionString: url });
  // Its database is dropped at the end, also where the case failed and nobody closed it.
  client.on('error', () => {});
  await client.connect();
  return { name: 'postgres SELECT 1', ask: () => client.query('SELECT 1'), close: () => client.end() };
}

async function milvus({ address, credentials }: NonNullable<Config['stores']['milvus']>): Promise<RoundTrip> {
  const client = new MilvusClient({
    address,
    ...(credentials.kind === 'password'
      ? { username: credentials.user, password: credentials.password }
      : {}),
    ...(credentials.kind === 'token' ? { token: credentials.token } : {}),
    logLevel: 'error',
  });
  await client.connectPromise;
  return {
    name: 'milvus version',
    ask: () => client.getVersion(),
    close: () => client.closeConnection(),
  };
}

function neo4jRoundTrip({ uri, user, password }: NonNullable<Config['stores']['neo4j']>): RoundTrip {
  const driver = neo4j.driver(uri, neo4j.auth.basic(user, password));
  return {
    name: 'neo4j RETURN 1',
    ask: async () => {
      const session = driver.session({ defaultAccessMode: neo4j.session.READ });
      try {
        await session.run('RETURN 1');
      } finally {
        await session.close();
      }
    },
    close: () => driver.close(),
  };
}

async function redis({ url, password }: NonNullable<Config['stores']['redis']>): Promise<RoundTrip> {
  const client = new Redis(url, { ...(password === null ? {} : { password }), lazyConnect: true });
  await client.connect();
  return {
    name: 'redis PING',
    ask: () => client.ping(),
    close: async () => client.disconnect(),
  };
}
