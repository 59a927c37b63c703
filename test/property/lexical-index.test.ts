import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DocumentChange, StoredDocument } from '../../src/domain/document.ts';
import { LexicalIndex } from '../../src/domain/text/lexical-index.ts';
import { documentArbitrary, testSchema } from '../support/arbitraries.ts';
import { referenceScores } from '../support/bm25f-reference.ts';
import { liveDocuments } from '../support/live-documents.ts';
import { Random } from '../support/random.ts';

const words = [
  ...['robot', 'robots', 'robotic', 'space', 'spaces', 'war', 'love', 'lovely', 'lonely', 'cat', 'cats'],
  ...['station', 'stations', 'spielberg', 'interstellar', 'amélie', 'x-men', '1984', 'the', 'of'],
];
const sentence = fc.array(fc.constantFrom(...words), { maxLength: 12 }).map((chosen) => chosen.join(' '));
const textDocument = fc
  .tuple(documentArbitrary, sentence, sentence)
  .map(([document, title, text]): StoredDocument => ({ ...document, title, text }));

const query = fc.oneof(
  sentence,
  fc
    .array(
      fc.constantFrom(
        'robbot',
        'spase',
        'spielburg',
        'lonley',
        'interstelar',
        'wra',
        'rob',
        'st',
        'zzzzzz',
        'comdy',
      ),
      {
        minLength: 1,
        maxLength: 3,
      },
    )
    .map((chosen) => chosen.join(' ')),
  fc.constantFrom('', '!?', 'A B', 'comedy love', 'the the the'),
);

const change: fc.Arbitrary<DocumentChange> = fc.oneof(
  { weight: 4, arbitrary: textDocument.map((document) => ({ kind: 'put' as const, document })) },
  { weight: 1, arbitrary: textDocument.map(({ id }) => ({ kind: 'delete' as const, id, version: 9 })) },
);

describe('LexicalIndex', () => {
  it('scores every document as the formula does on the live documents, after any history', () => {
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 8 }), { maxLength: 12 }), query, (batches, text) => {
        const index = new LexicalIndex(testSchema);
        for (const [turn, batch] of batches.entries()) {
          if (turn % 2 === 0) for (const one of batch) index.prepare(one);
          index.apply(batch);
          // What was looked up for one state must not be used for the next.
          index.search(text);
        }
        const documents = liveDocuments(batches.flat());
        const wanted = referenceScores(testSchema, documents, text);
        const scores = index.search(text);
        expect(index.documentCount).toBe(documents.length);
        for (const { id } of documents) expect(scores.scoreOf(id)).toBeCloseTo(wanted.get(id) ?? 0, 9);
        expect(scores.scoreOf('never there')).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('gives bit for bit the same scores whatever the order of insertion and whatever was deleted', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), query, fc.nat(), (changes, text, turn) => {
        const grown = new LexicalIndex(testSchema);
        for (const one of changes) grown.apply([one]);
        const documents = liveDocuments(changes);
        const fresh = new LexicalIndex(testSchema);
        const shuffled = new Random(`insertion ${turn}`).shuffle(documents);
        fresh.apply(shuffled.map((document) => ({ kind: 'put', document })));
        const [a, b] = [grown.search(text), fresh.search(text)];
        for (const { id } of documents) expect(a.scoreOf(id)).toBe(b.scoreOf(id));
      }),
      { numRuns: 300 },
    );
  });

  it('answers on the state it was asked on, whatever is applied later', () => {
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 30 }),
        fc.array(change, { maxLength: 60 }),
        query,
        (before, after, text) => {
          const index = new LexicalIndex(testSchema);
          for (const one of before) index.apply([one]);
          const wanted = referenceScores(testSchema, liveDocuments(before), text);
          const scores = index.search(text);
          for (const one of after) index.apply([one]);
          const ids = [...before, ...after].map((one) => (one.kind === 'put' ? one.document.id : one.id));
          for (const id of ids) expect(scores.scoreOf(id)).toBeCloseTo(wanted.get(id) ?? 0, 9);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('LexicalIndex with enough waste to be compacted', () => {
  const random = new Random('compaction');
  const titles = (count: number, salt: string) =>
    Array.from({ length: count }, (_, i): StoredDocument => {
      const title = Array.from({ length: 6 }, () => words[random.integer(words.length)]).join(' ');
      const own = { id: `d${i}`, version: 1, title, text: `${salt}${i} ${title}` };
      return { ...own, facets: {}, fields: {}, relations: [], embedding: new Float32Array(8) };
    });
  const put = (documents: readonly StoredDocument[]) =>
    documents.map((document) => ({ kind: 'put' as const, document }));

  it('keeps scores, held answers and documents prepared before', () => {
    const index = new LexicalIndex(testSchema);
    const first = titles(700, 'first');
    index.apply(put(first));
    const early = index.search('robot spase');
    const wantedEarly = referenceScores(testSchema, first, 'robot spase');
    let newest = first;
    let compactions = 0;
    // Each round replaces every word that only one document has, so the vocabulary is renewed too.
    for (const salt of ['second', 'third', 'fourth']) {
      newest = titles(700, salt);
      const [ahead, rest] = [put(newest.slice(0, 350)), put(newest.slice(350))];
      for (const one of [...ahead, ...rest]) index.prepare(one);
      index.apply(ahead);
      index.apply(rest);
      if (index.deadCount === 0) compactions++;
      expect(index.deadCount).toBeLessThanOrEqual(1_024);
    }
    expect(compactions).toBeGreaterThan(0);
    for (const text of ['lonely robot', 'spielburg', 'fourth1', 'first1', 'fourth699 stations']) {
      const wanted = referenceScores(testSchema, newest, text);
      const scores = index.search(text);
      for (const { id } of newest) expect(scores.scoreOf(id)).toBeCloseTo(wanted.get(id) ?? 0, 9);
    }
    for (const { id } of first) expect(early.scoreOf(id)).toBeCloseTo(wantedEarly.get(id) ?? 0, 9);
  });

  it('forgets documents that are deleted for good', () => {
    const index = new LexicalIndex(testSchema);
    const documents = titles(1_200, 'gone');
    index.apply(put(documents));
    index.apply(documents.slice(1).map(({ id }) => ({ kind: 'delete', id, version: 2 })));
    expect(index.deadCount).toBe(0);
    expect(index.documentCount).toBe(1);
    expect(index.search('gone0').scoreOf('d0')).toBeGreaterThan(0);
    // Its word is gone with it; "gone0" is no typo of a word with digits.
    expect(index.search('gone1').scoreOf('d0')).toBe(0);
  });
});
