import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import type { TextAnswer, TextIndex } from '../../src/ports/text-index.ts';
import { testSchema } from '../support/arbitraries.ts';
import { documentOf, type RecallSubject, TestCatalogue } from '../support/recall-subject.ts';

const idsOf = (answer: TextAnswer) => answer.hits.map(({ id }) => id);

/** What every word search must do: order and bounds, never an engine's own numbers. */
export function textIndexContract(
  name: string,
  open: () => RecallSubject<TextIndex> | Promise<RecallSubject<TextIndex>>,
): void {
  describe(`TextIndex contract: ${name}`, () => {
    let subject: RecallSubject<TextIndex>;
    beforeAll(async () => {
      subject = await open();
    });
    afterAll(() => subject.close());

    const catalogue = () => new TestCatalogue(subject, testSchema);
    const search = (of: TestCatalogue<TextIndex>, text: string, limit?: number) =>
      of.port.search({ ...of.request(limit), text });

    it('finds exactly the documents that have a word of the query, best first', async () => {
      const films = catalogue();
      await films.put(
        documentOf('1', { title: 'Lonely robot', text: 'A lonely robot in space' }),
        documentOf('2', { title: 'Space war', text: 'War among the stars' }),
        documentOf('3', { title: 'A wedding', text: 'Two families meet' }),
        documentOf('4', { title: 'Kitchen', text: 'A cook and his robot' }),
      );
      const answer = await search(films, 'lonely robot');
      expect(idsOf(answer)).toEqual(['1', '4']);
      for (const [i, hit] of answer.hits.entries()) {
        expect(hit.score).toBeGreaterThan(0);
        if (i > 0) expect(hit.score).toBeLessThanOrEqual(answer.hits[i - 1]!.score);
      }
    });

    it('scores any document like the hits it returned, and 0 where nothing matches', async () => {
      const films = catalogue();
      await films.put(
        ...Array.from({ length: 30 }, (_, i) =>
          documentOf(`d${i}`, { title: `Robot ${i}`, text: i % 3 === 0 ? 'space station' : 'a farm' }),
        ),
      );
      const all = await search(films, 'robot station');
      const few = await search(films, 'robot station', 3);
      const ids = [...idsOf(all), 'unknown'];
      const scores = await few.score(ids);
      expect(all.hits.length).toBe(30);
      expect(few.hits).toEqual(all.hits.slice(0, 3));
      if (few.all !== undefined) expect(few.all).toEqual(all.hits);
      expect([...scores]).toEqual([...all.hits.map(({ score }) => score), 0]);
      expect([...(await search(films, 'station').then((answer) => answer.score(['d1', 'd3'])))]).toEqual([
        0,
        expect.any(Number),
      ]);
    });

    it('says what terms are worth, for texts that it does not have', async () => {
      const films = catalogue();
      const terms = ['robot', 'space', 'nowher'];
      await films.put(
        documentOf('1', { title: 'Robots', text: 'A robot in space', facets: { tags: ['robot'] } }),
        documentOf('2', { title: 'Space war', text: 'Among the stars' }),
        documentOf('3', { title: 'A wedding' }),
        documentOf('4', { title: 'Kitchen', text: 'A cook' }),
      );
      const counts = () => films.port.counts!({ ...films.request(), terms });
      expect(await counts()).toEqual({ documents: 4, textWords: 9 / 4, termDocuments: [1, 2, 0] });
      await films.delete('1');
      expect(await counts()).toEqual({ documents: 3, textWords: 5 / 3, termDocuments: [0, 1, 0] });
      const nobody = catalogue();
      await nobody.put();
      expect((await nobody.port.counts!({ ...nobody.request(), terms })).documents).toBe(0);
    });

    it('finds facet values, so that a name can be searched', async () => {
      const films = catalogue();
      await films.put(
        documentOf('1', { title: 'Hook', facets: { directors: ['Steven Spielberg'] } }),
        documentOf('2', { title: 'Alien', facets: { directors: ['Ridley Scott'] } }),
      );
      expect(idsOf(await search(films, 'spielberg'))).toEqual(['1']);
    });

    it('ranks a word in the title above the same word in a long text', async () => {
      const films = catalogue();
      const text = 'A family moves to the country and meets a horse, a cow and a robot on the first day.';
      await films.put(
        documentOf('1', { title: 'Country', text }),
        documentOf('2', { title: 'Robot', text: 'Day.' }),
      );
      expect(idsOf(await search(films, 'robot'))).toEqual(['2', '1']);
    });

    it('ignores case, accents and English endings', async () => {
      const films = catalogue();
      await films.put(documentOf('1', { title: 'Amélie' }), documentOf('2', { title: 'ROBOTS' }));
      expect(idsOf(await search(films, 'amelie'))).toEqual(['1']);
      expect(idsOf(await search(films, 'Robot'))).toEqual(['2']);
    });

    it('expands a word that no document has to near ones, and no other word', async () => {
      const films = catalogue();
      await films.put(
        documentOf('1', { title: 'Robot' }),
        documentOf('2', { title: 'Interstellar' }),
        documentOf('3', { title: 'Cart' }),
        documentOf('4', { title: 'Card' }),
      );
      expect(idsOf(await search(films, 'robbot'))).toEqual(['1']);
      expect(idsOf(await search(films, 'interstelar'))).toEqual(['2']);
      expect(idsOf(await search(films, 'cart'))).toEqual(['3']);
      expect(idsOf(await search(films, 'zzzzzzzz'))).toEqual([]);
    });

    it('counts an expansion less than the word itself', async () => {
      const films = catalogue();
      await films.put(documentOf('1', { title: 'Robot' }), documentOf('2', { title: 'Garden' }));
      const [exact] = (await search(films, 'robot')).hits;
      const [near] = (await search(films, 'robbot')).hits;
      expect(near!.score).toBeLessThan(exact!.score);
    });

    it('follows replaced and deleted documents', async () => {
      const films = catalogue();
      await films.put(documentOf('1', { title: 'Robot' }), documentOf('2', { title: 'Garden' }));
      await films.put(documentOf('1', { title: 'Castle', version: 2 }));
      await films.delete('2');
      expect(idsOf(await search(films, 'robot garden'))).toEqual([]);
      expect(idsOf(await search(films, 'castle'))).toEqual(['1']);
    });

    it('returns at most `limit` hits, and with a pushed-down predicate only passing ones', async () => {
      const films = catalogue();
      await films.put(
        ...Array.from({ length: 40 }, (_, i) =>
          documentOf(`d${i}`, {
            title: `Robot ${i}`,
            facets: { genres: [i % 4 === 0 ? 'Comedy' : 'Drama'] },
          }),
        ),
      );
      const comedy = { kind: 'facet', facet: 'genres', match: 'any', values: ['Comedy'] } as const;
      const passing = await films.port.search({ ...films.request(100, comedy), text: 'robot' });
      expect(new Set(idsOf(passing))).toEqual(new Set(Array.from({ length: 10 }, (_, i) => `d${4 * i}`)));
      const [other] = await passing.score(['d1']);
      expect(other).toBeGreaterThan(0);
      const first = await films.port.search({ ...films.request(3, comedy), text: 'robot' });
      expect(first.hits).toEqual(passing.hits.slice(0, 3));
      expect((await search(films, 'robot', 0)).hits).toEqual([]);
    });

    it('orders equal scores by id in UTF-8 order', async () => {
      const films = catalogue();
      const ids = ['b', 'a', '10', '9', '\u{1F600}', '\uFF5E', 'é'];
      await films.put(...ids.map((id) => documentOf(id, { title: 'Robot' })));
      const sorted = [...ids].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(idsOf(await search(films, 'robot'))).toEqual(sorted);
      expect(idsOf(await search(films, 'robot', 4))).toEqual(sorted.slice(0, 4));
    });

    it.each(['', '   ', '!?', 'the \u0000 "quoted', "' or 1=1 --", '((((', 'a:b & !c | *', '\\', '%_'])(
      'answers %j with a list, not an error',
      async (text) => {
        const films = catalogue();
        await films.put(documentOf('1', { title: 'Robot' }));
        expect(idsOf(await search(films, text))).toEqual([]);
      },
    );

    it('answers the longest query that a request may have', async () => {
      const films = catalogue();
      await films.put(documentOf('1', { title: 'Robot' }));
      const text = `robot ${'abcd '.repeat(limits.queryCharsMax)}`.slice(0, limits.queryCharsMax);
      expect(idsOf(await search(films, text))).toEqual(['1']);
    });

    it('keeps tenants apart', async () => {
      const [mine, theirs] = [catalogue(), catalogue()];
      await mine.put(documentOf('1', { title: 'Robot' }));
      await theirs.put(documentOf('2', { title: 'Robot' }));
      expect(idsOf(await search(mine, 'robot'))).toEqual(['1']);
      expect(idsOf(await search(theirs, 'robot'))).toEqual(['2']);
    });

    it('does not start when nobody waits any more', async () => {
      const films = catalogue();
      await films.put(documentOf('1', { title: 'Robot' }));
      const signal = AbortSignal.abort(new Error('gone'));
      await expect(films.port.search({ ...films.request(), signal, text: 'robot' })).rejects.toThrow('gone');
    });
  });
}
