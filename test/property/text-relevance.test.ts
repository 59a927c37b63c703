import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsReranker } from '../../src/adapters/js/js-reranker.ts';
import { openNative } from '../../src/adapters/native/open-native.ts';
import type { StoredDocument } from '../../src/domain/document.ts';
import { builtInProfiles } from '../../src/domain/profile.ts';
import { rescore } from '../../src/domain/rescore.ts';
import { textWeights, textWindow } from '../../src/domain/score-texts.ts';
import { countsOf, scoreTexts, TextCounter } from '../../src/domain/text/given-texts.ts';
import { LexicalIndex } from '../../src/domain/text/lexical-index.ts';
import type { Reranker } from '../../src/ports/reranker.ts';
import { testSchema, unit } from '../support/arbitraries.ts';
import { documentOf } from '../support/recall-subject.ts';
import { inProcessParts, searchFixture } from '../support/search-fixture.ts';
import '../support/seed.ts';

const words = ['robot', 'robots', 'space', 'war', 'love', 'lonely', 'cat', '1984', 'amélie', 'the', 'x-men'];
const sentence = fc.array(fc.constantFrom(...words), { maxLength: 12 }).map((chosen) => chosen.join(' '));
const texts = fc.array(sentence, { minLength: 1, maxLength: 12 });

const numbered = (given: readonly string[]): StoredDocument[] =>
  given.map((text, i) => ({ ...documentOf(`d${i}`, { title: '', text, facets: {} }), version: 1 }));

describe('BM25 of given texts', () => {
  it('is that of an index whose documents they are, bit for bit', () => {
    fc.assert(
      fc.property(texts, sentence, (given, query) => {
        const index = new LexicalIndex(testSchema);
        index.apply(numbered(given).map((document) => ({ kind: 'put' as const, document })));
        const counter = new TextCounter(query, testSchema.language);
        const counted = given.map((text) => counter.count(text));
        const counts = index.counts(counter.terms);
        expect(countsOf(counted, counter.terms.length)).toEqual(counts);
        // Words that nobody has would be expanded by the index.
        fc.pre(counts.termDocuments.every((documents) => documents > 0));
        const scores = index.search(query).scoresOf(given.map((_, i) => `d${i}`));
        expect([...scoreTexts(counted, counts)]).toEqual([...scores]);
      }),
      { numRuns: 500 },
    );
  });
});

describe('rerankTexts', () => {
  it.each(['default', 'nobody'])(
    'gives each text once, best first, equal ones the same, in whatever order they come: %s',
    async (tenant) => {
      const catalogue = numbered(['robot space', 'space war', 'lonely cat', 'love']);
      const documents = catalogue.map((document) => ({ ...document, title: 'None' }));
      const { service, clock } = await searchFixture(inProcessParts, documents);
      const ask = (query: string, given: readonly string[], topN = 1_000) =>
        clock.run(
          service.rerankTexts(
            tenant,
            {
              query,
              texts: given,
              textCharsMax: 100,
              topN,
              profile: 'linear',
              timeoutMs: 1_000,
              partial: true,
            },
            { startedAtMs: clock.nowMs() },
          ),
        );
      const shuffled = texts.chain((given) =>
        fc.tuple(
          fc.constant(given),
          fc.shuffledSubarray(
            given.map((_, i) => i),
            { minLength: given.length, maxLength: given.length },
          ),
        ),
      );
      await fc.assert(
        fc.asyncProperty(
          shuffled,
          sentence.filter((text) => text !== ''),
          fc.integer({ min: 1, max: 12 }),
          async ([given, order], query, topN) => {
            const { results } = await ask(query, given);
            expect(results.map(({ index }) => index).sort((a, b) => a - b)).toEqual(given.map((_, i) => i));
            const relevances = results.map(({ relevance }) => relevance);
            expect(relevances).toEqual([...relevances].sort((a, b) => b - a));
            for (const relevance of relevances) expect(relevance >= 0 && relevance <= 1).toBe(true);
            const byText = new Map<string, number>();
            for (const { index, relevance } of results) {
              expect(byText.get(given[index]!) ?? relevance).toBe(relevance);
              byText.set(given[index]!, relevance);
            }
            const moved = await ask(
              query,
              order.map((index) => given[index]!),
            );
            expect(moved.results.map(({ relevance }) => relevance)).toEqual(relevances);
            for (const { index, relevance } of moved.results)
              expect(relevance).toBe(byText.get(given[order[index]!]!));
            expect((await ask(query, given, topN)).results).toEqual(results.slice(0, topN));
          },
        ),
        { numRuns: 60 },
      );
      await clock.run(service.close());
    },
  );
});

const native = openNative({ variant: 'auto' });
const backends: Reranker[] = [new JsReranker()];
if (!('reason' in native)) backends.push(native.reranker);

describe('a window of texts', () => {
  it.each(backends.map((backend) => [backend.name, backend] as const))(
    'is scored and selected by %s as by the definition',
    async (_, backend) => {
      const vector = fc
        .array(fc.integer({ min: -9, max: 9 }), { minLength: 8, maxLength: 8 })
        .filter((numbers) => numbers.some((one) => one !== 0))
        .map(unit);
      const entry = fc.tuple(fc.option(vector), fc.double({ min: 0, max: 20, noNaN: true }));
      await fc.assert(
        fc.asyncProperty(
          fc.option(vector),
          fc.array(entry, { minLength: 1, maxLength: 40 }),
          async (queryVector, entries) => {
            const profile = builtInProfiles[0]!;
            const window = textWindow(profile, textWeights(profile)!, {
              queryVector,
              vectors: entries.map(([one]) => (queryVector === null ? null : one)),
              bm25: Float64Array.from(entries, ([, bm25]) => bm25),
              lo: 0.1,
              hi: 0.8,
            });
            const { selected } = await backend.rerank({
              ...window,
              requests: [window.request],
              offsets: Uint32Array.of(0, entries.length),
            });
            expect([...selected[0]!].sort((a, b) => a - b)).toEqual(entries.map((_, i) => i));
            const ranked = rescore(window, window.request, window, window.rows);
            if (backend.name === 'native' && !('reason' in native))
              expect(native.exactScorer.rescore(window, window.request, window, window.rows)).toEqual(ranked);
            expect(ranked.count).toBe(entries.length);
          },
        ),
        { numRuns: 100 },
      );
    },
  );
});
