import type { VectorIndex } from '../../src/ports/vector-index.ts';
import { vectorIndexContract } from '../contract/vector-index.contract.ts';
import { describeWithEngines } from '../support/engines.ts';
import { openMilvusFixture, serverOf } from '../support/milvus-fixture.ts';
import type { RecallSubject } from '../support/recall-subject.ts';

describeWithEngines(['milvus'], 'Milvus as a VectorIndex', ({ milvus }) => {
  vectorIndexContract('milvus', (): RecallSubject<VectorIndex> => {
    const fixture = openMilvusFixture(serverOf(milvus));
    return {
      port: fixture.vectors,
      write: async (tenant, schema, changes) => {
        const key = { tenant, generation: 1 };
        await fixture.shared.prepare(tenant, { schema, generation: 1 });
        for (let at = 0; at < changes.length; at += 100)
          await fixture.shared.apply(key, changes.slice(at, at + 100));
      },
      close: () => fixture.close(),
    };
  });
});
