import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stem, tokenise } from '../../src/domain/text/tokenise.ts';
import { limits } from '../../src/limits.ts';

describe('tokenise', () => {
  it.each([
    ['Lonely ROBOT, in space!', ['lonely', 'robot', 'in', 'space']],
    ['Amélie · Señor Straße Łódź Ødegård', ['amelie', 'senor', 'strasse', 'lodz', 'odegard']],
    ["Schindler's List don't O’Brien rock'n'roll", ['schindler', 'list', 'dont', 'obrien', 'rocknroll']],
    ['E.T. the Extra-Terrestrial in the U.S.', ['et', 'the', 'extra', 'terrestrial', 'in', 'the', 'us']],
    ['End.Start a.b file.t', ['end', 'start', 'ab', 'file', 't']],
    ['É.T. Ça', ['et', 'ca']],
    ['1984 Se7en 3.5 ½', ['1984', 'se7en', '3', '5', '1', '2']],
    ['ﬁlm ＦＵＬＬ Ⅳ', ['film', 'full', 'iv']],
    ['ИЙ Ένας ΟΔΌΣ', ['ии', 'ενασ', 'οδοσ']],
    ['東京都 a', ['東京', '京都', 'a']],
    ['千と千尋 X-Men', ['千と', 'と千', '千尋', 'x', 'men']],
    ['猫', ['猫']],
    ['복수는 나의 것', ['복수는', '나의', '것']],
    ['हिन्दी', ['हिन्दी']],
    ['', []],
    ['… — !?', []],
  ])('%s', (text, words) => {
    expect(tokenise(text)).toEqual(words);
  });

  it('cuts long words and never splits a surrogate pair', () => {
    expect(tokenise('x'.repeat(200))).toEqual(['x'.repeat(limits.textWordCharsMax)]);
    const letters = `x${'\u{10400}'.repeat(100)}`;
    const [word] = tokenise(letters);
    expect(word!.length).toBe(limits.textWordCharsMax - 1);
    expect(() => encodeURIComponent(word!)).not.toThrow();
  });

  it('gives a text in any Unicode form and case the same words, which stay themselves when searched', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        const words = tokenise(text);
        for (const form of ['NFC', 'NFD', 'NFKC'] as const)
          expect(tokenise(text.normalize(form))).toEqual(words);
        for (const word of words) {
          expect(word.length).toBeGreaterThan(0);
          expect(word.length).toBeLessThanOrEqual(limits.textWordCharsMax);
          expect(tokenise(word)).toEqual([word]);
        }
      }),
    );
  });
});

describe('stem', () => {
  it('joins forms of an English word and leaves everything else', () => {
    expect(new Set(['robot', 'robots'].map((word) => stem(word, 'en'))).size).toBe(1);
    expect(stem('robots', 'none')).toBe('robots');
    expect(stem('1980s', 'en')).toBe('1980s');
    expect(stem('роботы', 'en')).toBe('роботы');
  });
});
