import { expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import { testSchema } from '../support/arbitraries.ts';
import { FakeMilvus } from '../support/fake-milvus.ts';
import { openMilvusAdapter } from '../support/milvus-process.ts';

const catalogue = { schema: testSchema, generation: 1 };
const graph = { intermediate_graph_degree: 128, graph_degree: 64, build_algo: 'IVF_PQ' };

it.each([
  ['gpu_cagra', { ...graph, cache_dataset_on_device: 'true' }, { itopk_size: 352, search_width: 4 }],
  [
    'gpu_cagra_cpu',
    { ...graph, cache_dataset_on_device: 'false', adapt_for_cpu: 'true' },
    { ef: 300 + limits.milvusTieMargin },
  ],
] as const)(
  'a collection of %s is built and searched as such, whatever the settings say later',
  async (kind, params, searched) => {
    const server = new FakeMilvus();
    const made = openMilvusAdapter(server, kind);
    await made.clock.run(made.shared.prepare('a', catalogue));
    const { indexes } = server.collections.get(made.collections.nameOf(testSchema, 1))!;
    expect(indexes.get('embedding')).toEqual({ index_type: 'GPU_CAGRA', metric_type: 'IP', params });
    for (const later of ['hnsw', 'gpu_cagra', 'gpu_cagra_cpu'] as const) {
      const { clock, shared, search } = openMilvusAdapter(server, later);
      await clock.run(shared.prepare('a', catalogue));
      await clock.run(search(300));
      expect(server.searches.at(-1)?.params).toEqual(searched);
    }
    expect(indexes.get('embedding')?.params).toEqual(params);
  },
);

it('an older server is not given what it would build as something else', async () => {
  for (const [version, isMade] of [
    ['v2.3.5-lite', false],
    ['v2.6.0', false],
    ['v2.6.1', true],
    ['v3.0.1', true],
  ] as const) {
    const server = new FakeMilvus();
    server.version = version;
    const { clock, shared, collections } = openMilvusAdapter(server, 'gpu_cagra_cpu');
    const prepared = clock.run(shared.prepare('a', catalogue));
    if (isMade) await prepared;
    else
      await expect(prepared).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(new RegExp(`${version}.*milvus_cagra_adapt_for_cpu`)),
      });
    expect(server.collections.has(collections.nameOf(testSchema, 1))).toBe(isMade);
    // Without it any server will do.
    const gpu = openMilvusAdapter(server, 'gpu_cagra');
    if (!isMade) expect(await gpu.clock.run(gpu.shared.prepare('a', catalogue))).toBe(true);
  }
});
