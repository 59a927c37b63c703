import type { Config } from './schema.ts';
import type { MilvusConfig, StoresConfig } from './store-config.ts';

const hidden = '***';

/** The configuration with secrets masked: safe to print and to log. */
export function redact(config: Config): Config {
  return { ...config, embedder: redactEmbedder(config.embedder), stores: redactStores(config.stores) };
}

function redactEmbedder(embedder: Config['embedder']): Config['embedder'] {
  if (embedder.kind !== 'openai') return embedder;
  const { key, url } = embedder;
  return { ...embedder, key: key === null ? null : hidden, url: withoutCredentials(url) };
}

function redactStores({ postgres, postgresOwner, milvus, neo4j, redis }: StoresConfig): StoresConfig {
  return {
    postgres: postgres && {
      ...postgres,
      url: withoutCredentials(postgres.url),
      workerUrl: withoutCredentials(postgres.workerUrl),
    },
    postgresOwner: postgresOwner && { ...postgresOwner, url: withoutCredentials(postgresOwner.url) },
    milvus: milvus && { ...milvus, credentials: redactMilvus(milvus.credentials) },
    neo4j: neo4j && { ...neo4j, uri: withoutCredentials(neo4j.uri), password: hidden },
    redis: redis && {
      ...redis,
      url: withoutCredentials(redis.url),
      password: redis.password === null ? null : hidden,
    },
  };
}

function redactMilvus(credentials: MilvusConfig['credentials']): MilvusConfig['credentials'] {
  switch (credentials.kind) {
    case 'none':
      return credentials;
    case 'password':
      return { ...credentials, password: hidden };
    case 'token':
      return { kind: 'token', token: hidden };
  }
}

/** User, password and query of a URL may be secrets too. */
function withoutCredentials(text: string): string {
  const url = new URL(text);
  if (url.username !== '') url.username = hidden;
  if (url.password !== '') url.password = hidden;
  if (url.search !== '') url.search = `?${hidden}`;
  return url.href;
}
