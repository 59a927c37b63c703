import { sharedIndexContract } from '../contract/shared-index.contract.ts';
import { describeWithEngines } from '../support/engines.ts';
import { openMilvusFixture, serverOf } from '../support/milvus-fixture.ts';

describeWithEngines(['milvus'], 'Milvus as a SharedIndex', ({ milvus }) => {
  sharedIndexContract('milvus', async () => {
    const fixture = openMilvusFixture(serverOf(milvus));
    return {
      index: fixture.shared,
      another: async () => fixture.another().shared,
      liveGeneration: async (tenant) => {
        const live = fixture.names.live(tenant);
        const answer = await fixture.ask((client) => client.describeCollection({ collection_name: live }));
        const generation = /_g(\d+) /.exec(answer.schema?.description ?? '')?.[1];
        return generation === undefined ? null : Number(generation);
      },
      refusesOlder: false,
      keepsVectors: true,
      close: () => fixture.close(),
    };
  });
});
