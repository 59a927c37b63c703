import type { TriptychClient } from '../../src/client/index.ts';

/** Takes everything out of a stream. */
export async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of stream) found.push(one);
  return found;
}

type MethodName = Exclude<keyof TriptychClient, 'constructor'>;

/** One call of each method. A method without a call does not compile, a route without a method fails the test of it. */
export const clientCalls: {
  readonly [Name in MethodName]: (client: TriptychClient) => Promise<unknown>;
} = {
  search: (client) => client.search({ query: 'robot' }),
  searchStream: (client) => all(client.searchStream({ query: 'robot' })),
  searchBatch: (client) => client.searchBatch({ searches: [{ query: 'robot' }] }),
  explain: (client) => client.explain({ query: 'robot', document: 'an id' }),
  rerank: (client) => client.rerank({ query: 'robot', ids: ['an id'] }),
  similar: (client) => client.similar('an id', { k: 3 }),
  document: (client) => client.document('an id', { include: 'embedding' }),
  documents: (client) => client.documents({ limit: 2 }),
  allDocuments: (client) => all(client.allDocuments({ limit: 1 })),
  putDocument: (client) => client.putDocument('an id', { title: 'A robot' }, { wait: 'searchable' }),
  deleteDocument: (client) => client.deleteDocument('an id'),
  bulk: (client) => all(client.bulk([{ id: 'an id', title: 'A robot' }, { delete: 'another' }])),
  catalogue: (client) => client.catalogue(),
  putCatalogue: (client) =>
    client.putCatalogue({ name: 'films', embedding: { model: 'test', dimension: 4, text: ['title'] } }),
  policy: (client) => client.policy('an id'),
  putPolicy: (client) => client.putPolicy('an id', { preferences: { genres: { Drama: 1 } } }),
  patchPolicy: (client) => client.patchPolicy('an id', { learning_rate: 0.2 }, { context: 'default' }),
  deletePolicy: (client) => client.deletePolicy('an id'),
  rules: (client) => client.rules(),
  putRules: (client) => client.putRules({ contexts: { kids: {} } }),
  events: (client) =>
    client.events({ events: [{ event_id: 'e1', user: 'an id', document: 'an id', type: 'like' }] }),
  exportUser: (client) => all(client.exportUser('an id')),
  eraseUser: (client) => client.eraseUser('an id'),
  profiles: (client) => client.profiles(),
  planStats: (client) => client.planStats(),
  ready: (client) => client.ready(),
  live: (client) => client.live(),
  metrics: (client) => client.metrics(),
  openApi: (client) => client.openApi(),
  index: (client) => client.index(),
};
