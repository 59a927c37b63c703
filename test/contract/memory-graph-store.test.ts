import { describe, expect, it } from 'vitest';
import { MemoryGraphStore } from '../../src/adapters/memory/memory-graph-store.ts';
import { limits } from '../../src/limits.ts';
import { testSchema } from '../support/arbitraries.ts';
import { documentOf, projected, TestCatalogue } from '../support/recall-subject.ts';
import { graphStoreContract } from './graph-store.contract.ts';

graphStoreContract('memory', () => projected(new MemoryGraphStore()));

describe('MemoryGraphStore', () => {
  it('says that there is no catalogue before reset, and forgets everything on reset', async () => {
    const store = new MemoryGraphStore();
    const films = new TestCatalogue(projected(store), testSchema);
    const recall = () => store.recall({ ...films.request(), seeds: [{ id: '1', weight: 1 }] });
    await expect(recall()).rejects.toMatchObject({ code: 'no_catalogue' });
    const facets = { directors: ['Kubrick'] };
    await films.put(documentOf('1', { facets }), documentOf('2', { facets }));
    expect((await recall()).support.length).toBe(1);
    store.reset(films.tenant, testSchema);
    expect((await recall()).support).toEqual([]);
  });

  it('takes no more seeds than the bound', async () => {
    const films = new TestCatalogue(projected(new MemoryGraphStore()), testSchema);
    await films.put(documentOf('1'));
    const seeds = Array.from({ length: limits.likeIdsMax + 1 }, (_, i) => ({ id: `${i}`, weight: 1 }));
    await expect(films.port.recall({ ...films.request(), seeds })).rejects.toMatchObject({
      code: 'invalid_request',
      fields: [{ path: 'seeds' }],
    });
  });
});
