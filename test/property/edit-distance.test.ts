import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editsWithin } from '../../src/domain/text/edit-distance.ts';
import { TypoDictionary } from '../../src/domain/text/typo-dictionary.ts';
import { damerau } from '../support/bm25f-reference.ts';

const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é'), minLength: 1, maxLength: 9 });

describe('editsWithin', () => {
  it('is the full distance, or max + 1 beyond max', () => {
    fc.assert(
      fc.property(word, word, fc.integer({ min: 1, max: 3 }), (a, b, max) => {
        expect(editsWithin(a, b, max)).toBe(Math.min(damerau(a, b), max + 1));
      }),
      { numRuns: 2_000 },
    );
  });

  it('counts a swap of neighbours as one edit', () => {
    expect(editsWithin('lonley', 'lonely', 2)).toBe(1);
    expect(editsWithin('robbot', 'robot', 2)).toBe(1);
    expect(editsWithin('spielburg', 'spielberg', 2)).toBe(1);
  });
});

describe('TypoDictionary', () => {
  it('finds exactly the accepted words with the fewest edits', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(word, { maxLength: 60 }),
        word,
        fc.integer({ min: 1, max: 2 }),
        (words, text, max) => {
          const dictionary = new TypoDictionary();
          for (const known of words) dictionary.add(known);
          const accept = (number: number) => number % 3 !== 0 && words[number] !== text;
          const distances = words.map((known, number) => (accept(number) ? damerau(text, known) : 99));
          const least = Math.min(99, ...distances);
          const wanted = words.flatMap((_, number) =>
            distances[number] === least && least <= max ? [{ word: number, edits: least }] : [],
          );
          const found = dictionary.closest(text, max, accept).sort((a, b) => a.word - b.word);
          expect(found).toEqual(wanted);
          const longer = words.flatMap((known, number) =>
            accept(number) && known.length > text.length && known.startsWith(text) ? [number] : [],
          );
          expect(dictionary.completions(text, accept).sort((a, b) => a - b)).toEqual(longer);
        },
      ),
      { numRuns: 500 },
    );
  });
});
