import { expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import { VectorDemand } from '../../src/search/vector-demand.ts';
import { unit } from '../support/arbitraries.ts';
import { remoteParts } from '../support/remote-parts.ts';
import { fanOfDocuments, type SearchFixture, searchFixture } from '../support/search-fixture.ts';

/** d0 .. d99, of which the 20 most popular, d80 .. d99, are resident. */
const documents = fanOfDocuments(100);
const residentRowsMax = 20;
const promotedMax = residentRowsMax * limits.promotedShareMax;
const embedding = unit([1, 0, 0, 0, 0, 0, 0, 0]);
const ids = (from: number, count: number) => Array.from({ length: count }, (_, i) => `d${from + i}`);

async function open(residentRows: number | undefined) {
  const fixture = await searchFixture(remoteParts, documents, {
    ...(residentRows !== undefined && { residentRowsMax: residentRows }),
  });
  const read: string[] = [];
  const { store, clock } = fixture;
  const embeddings = store.embeddings.bind(store);
  store.embeddings = (tenant, generation, asked) => {
    read.push(...asked);
    return embeddings(tenant, generation, asked);
  };
  const ask = async (wanted: readonly string[]) => {
    const filter = { kind: 'ids', ids: wanted } as const;
    const { results } = await clock.run(fixture.search({ embedding, filter, k: 100, cache: 'skip' }));
    return results;
  };
  return { ...fixture, read, ask };
}

const later = ({ clock }: SearchFixture, ms: number) => clock.run(clock.sleep(ms));

it('brings what searches keep reading into memory, within a share, and answers the same', async () => {
  const [part, whole] = [await open(residentRowsMax), await open(undefined)];
  const wanted = ids(0, 8);
  for (let i = 0; i < limits.promotionReadsMin; i++) await part.ask(wanted);
  await part.ask(ids(20, 3));
  expect(part.read.length).toBe(8 * limits.promotionReadsMin + 3);
  await later(part, limits.promotionMsMax + limits.epochIntervalMs);
  part.read.length = 0;
  expect(await part.ask(wanted)).toEqual(await whole.ask(wanted));
  expect(part.read.length).toBe(8 - promotedMax);
  part.read.length = 0;
  expect(await part.ask(ids(70, 30))).toEqual(await whole.ask(ids(70, 30)));
  // As many of the least popular of the resident ones have made room.
  expect(part.read.sort()).toEqual(ids(70, 10 + promotedMax).sort());
});

it('brings them in beside a write that comes sooner, and shows a document that is written again as it is now', async () => {
  const [part, whole] = [await open(residentRowsMax), await open(undefined)];
  const wanted = ids(0, promotedMax);
  for (let i = 0; i < limits.promotionReadsMin; i++) await part.ask(wanted);
  await later(part, limits.promotionMsMin);
  const write = async (i: number) => {
    const put = { kind: 'put' as const, document: { ...documents[i]!, title: 'Anew', embedding } };
    for (const { clock, service } of [part, whole])
      await clock.run(service.write('default', [put], { waitSearchable: true }));
  };
  await write(50);
  part.read.length = 0;
  await part.ask(wanted);
  expect(part.read).toEqual([]);
  await write(1);
  const found = await part.ask(wanted);
  expect(found.find(({ id }) => id === 'd1')).toMatchObject({ title: 'Anew' });
  expect(found).toEqual(await whole.ask(wanted));
});

it('begins no epoch for nothing, nor for what was read once', async () => {
  const part = await open(residentRowsMax);
  const { store } = part;
  let looks = 0;
  const { embeddings } = store;
  store.embeddings = (...asked) => {
    looks++;
    return embeddings(...asked);
  };
  await part.ask(ids(0, 8));
  expect(looks).toBe(1);
  await later(part, 5 * limits.promotionMsMax);
  expect(looks).toBe(1);
});

it('keeps what is still wanted when more is wanted than there is room for', async () => {
  const part = await open(residentRowsMax);
  const round = async () => {
    for (let i = 0; i < 2 * limits.promotionReadsMin; i++) await part.ask(ids(0, promotedMax));
    for (let i = 0; i < limits.promotionReadsMin; i++) await part.ask(ids(20, 30));
    await later(part, limits.promotionMsMax + limits.epochIntervalMs);
  };
  for (let i = 0; i < 4; i++) {
    await round();
    part.read.length = 0;
    await part.ask(ids(0, promotedMax));
    expect(part.read).toEqual([]);
  }
});

it('forgets what was wanted long ago, and remembers a bounded number', () => {
  const demand = new VectorDemand();
  for (let i = 0; i < limits.promotionReadsMin - 1; i++) demand.add(['old']);
  expect(demand.take()).toEqual([]);
  demand.add(['old']);
  expect(demand.take()).toEqual([]);
  for (let i = 0; i < 20; i++) demand.add(['b', 'a', ...(i < 9 ? ['c'] : [])]);
  expect(demand.take()).toEqual(['a', 'b', 'c']);
  for (let i = 0; i < 9; i++) demand.add(['c']);
  expect(demand.take()).toEqual(['c', 'a', 'b']);
  for (let i = 0; i < 5; i++) demand.take();
  expect(demand.take()).toEqual([]);
  for (let i = 0; i < 3 * limits.demandedDocumentsMax; i++) demand.add([`once ${i}`]);
  expect(demand.take()).toEqual([]);
});
