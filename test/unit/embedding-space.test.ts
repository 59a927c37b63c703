import { expect, it } from 'vitest';
import type { Embedder } from '../../src/ports/embedder.ts';
import { testSchema } from '../support/arbitraries.ts';
import { fanOfDocuments, inProcessParts, searchFixture } from '../support/search-fixture.ts';

const own = inProcessParts().embedder!;
const warning = 'the embedder is not used for a catalogue, whose vectors are of another model or dimension';

/** A service over a catalogue of `test` vectors of 8 numbers, and what it warns of. */
async function open(embedder: Embedder | null) {
  const lines: { readonly fields: object; readonly message: string }[] = [];
  const warn = (fields: object, message: string) => void lines.push({ fields, message });
  const logger = { info() {}, warn, error() {} };
  const parts = () => ({ ...inProcessParts(), embedder });
  const fixture = await searchFixture(parts, fanOfDocuments(20), { logger });
  const told = () => lines.filter(({ message }) => message === warning).map(({ fields }) => fields);
  /** The next generation, with vectors of `dimension` numbers of this model. */
  const replace = async (model: string) => {
    const embedding = { ...testSchema.embedding, model };
    const staged = await fixture.service.replaceCatalogue('default', { ...testSchema, embedding });
    await fixture.clock.run(staged.activate());
  };
  return { ...fixture, told, replace };
}

it.each([
  ['model', { ...own, model: 'another' }],
  ['dimension', { ...own, dimension: 4 }],
] as const)('an embedder of another %s is told of once for each generation', async (_, embedder) => {
  const { told, replace, search, clock, service } = await open(embedder);
  const catalogue = { model: 'test', dimension: 8 };
  const { model, dimension } = embedder;
  const first = { tenant: 'default', generation: 1, catalogue, embedder: { model, dimension } };
  expect(told()).toEqual([first]);
  // What comes of it: the words alone.
  for (let time = 0; time < 3; time++) {
    const { coverage } = await clock.run(search({ query: 'robot', cache: 'skip' }));
    expect(coverage).toMatchObject({ vector: { state: 'skipped', reason: 'no_embedder' } });
  }
  expect(told()).toEqual([first]);
  await replace('a third');
  expect(told()).toEqual([first, { ...first, generation: 2, catalogue: { model: 'a third', dimension: 8 } }]);
  await clock.run(service.close());
});

it('is not told of again where the same generation is loaded again', async () => {
  const { told, store, clock, service } = await open({ ...own, model: 'another' });
  const changes = store.changes.bind(store);
  let loads = 0;
  store.changes = async (tenant, generation, cursor, limit) => {
    if (cursor === null) loads++;
    const page = await changes(tenant, generation, cursor, limit);
    return loads === 0 ? { ...page, complete: false } : page;
  };
  await clock.run(clock.sleep(10_000));
  expect([loads, told().length]).toEqual([1, 1]);
  await clock.run(service.close());
});

it('nothing is told of an embedder that fits, nor where there is none', async () => {
  for (const embedder of [own, null]) {
    const { told, replace, clock, service } = await open(embedder);
    expect(told()).toEqual([]);
    await replace('another');
    expect(told()).toHaveLength(embedder === null ? 0 : 1);
    await clock.run(service.close());
  }
});
