import { expect, it } from 'vitest';
import { testSchema } from '../support/arbitraries.ts';
import { FakeMilvus } from '../support/fake-milvus.ts';
import { openMilvusAdapter, replaceCollection } from '../support/milvus-process.ts';
import { put } from '../support/shared-indexes-fixture.ts';

const key = { tenant: 'a', generation: 1 };
const catalogue = { schema: testSchema, generation: 1 };

it.each([
  [{ dim: 5 }, 'vectors of 5 numbers, not 8'],
  [{ metric: 'L2' }, 'an index of the metric L2, not COSINE'],
] as const)('a collection that does not fit is neither asked nor written to: %j', async (to, says) => {
  const server = new FakeMilvus();
  const { collections, clock, meter, caller, shared, search, written } = openMilvusAdapter(server);
  const name = collections.nameOf(testSchema, 1);
  await clock.run(shared.prepare('a', catalogue));
  await clock.run(shared.apply(key, [put('d1')]));
  expect(written).toEqual([name]);
  replaceCollection(server, name, to);
  const refusal = { code: 'unavailable', message: expect.stringContaining(`${name} in Milvus has ${says}`) };
  for (let time = 0; time < 20; time++)
    await expect(clock.run(shared.prepare('a', catalogue))).rejects.toMatchObject({
      ...refusal,
      cause: { code: 'invalid_settings' },
    });
  server.mend();
  // Not `invalid_document`, which would park it for good.
  await expect(clock.run(shared.apply(key, [put('d2')]))).rejects.toMatchObject(refusal);
  await expect(clock.run(search())).rejects.toMatchObject(refusal);
  expect([server.calls, written]).toEqual([[], [name]]);
  // Milvus itself is well.
  expect(caller.state).toBe('closed');
  expect(meter.outcomes).not.toContain('failed');
  server.collections.delete(name);
  expect(await clock.run(shared.prepare('a', catalogue))).toBe(true);
  await clock.run(shared.apply(key, [put('d2')]));
  expect(written).toEqual([name, name]);
});
