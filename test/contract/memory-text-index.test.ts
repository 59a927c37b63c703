import { describe, expect, it } from 'vitest';
import { MemoryTextIndex } from '../../src/adapters/memory/memory-text-index.ts';
import { testSchema } from '../support/arbitraries.ts';
import { documentOf, projected, TestCatalogue } from '../support/recall-subject.ts';
import { textIndexContract } from './text-index.contract.ts';

textIndexContract('memory', () => projected(new MemoryTextIndex()));

describe('MemoryTextIndex', () => {
  it('says that there is no catalogue before reset, and forgets everything on reset', async () => {
    const index = new MemoryTextIndex();
    const films = new TestCatalogue(projected(index), testSchema);
    const search = () => index.search({ ...films.request(), text: 'robot' });
    await expect(search()).rejects.toMatchObject({ code: 'no_catalogue' });
    expect(() => index.apply('nobody', [])).toThrow('catalogue');
    await films.put(documentOf('1', { title: 'Robot' }));
    index.reset(films.tenant, testSchema);
    expect((await search()).hits).toEqual([]);
  });

  it('completes the last word where no document has it, and no other word', async () => {
    const films = new TestCatalogue(projected(new MemoryTextIndex()), testSchema);
    await films.put(documentOf('1', { title: 'Robot' }), documentOf('2', { title: 'Garden' }));
    const hits = async (text: string) =>
      (await films.port.search({ ...films.request(), text })).hits.map(({ id }) => id);
    expect(await hits('ro')).toEqual(['1']);
    expect(await hits('garden ro')).toEqual(['2', '1']);
    expect(await hits('ro garden')).toEqual(['2']);
    expect(await hits('r')).toEqual([]);
  });

  it('returns only documents of the snapshot, and scores those it knew when it was asked', async () => {
    const index = new MemoryTextIndex();
    const films = new TestCatalogue(projected(index), testSchema);
    await films.put(documentOf('1', { title: 'Robot' }));
    const earlier = films.request();
    await films.put(documentOf('2', { title: 'Robot' }));
    const answer = await index.search({ ...earlier, text: 'robot' });
    await films.put(documentOf('3', { title: 'Robot' }));
    expect(answer.hits.map(({ id }) => id)).toEqual(['1']);
    const [known, later] = await answer.score(['2', '3']);
    expect(known).toBeGreaterThan(0);
    expect(later).toBe(0);
  });
});
