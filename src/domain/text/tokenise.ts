import { stemmer } from 'stemmer';
import { limits } from '../../limits.ts';
import { firstChars } from '../../std/first-chars.ts';
import type { CatalogueSchema } from '../catalogue-schema.ts';

/** Letters that no normalisation form takes apart. */
const folded: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ı: 'i',
  ħ: 'h',
  ς: 'σ',
};

const joint = /['’ʼ.]/;
const ascii = /^[\0-\x7f]*$/;
/** Single letters joined by dots (E.T., U.S.) are one word; otherwise a word is letters, digits and apostrophes. */
const word = /(?:\p{L}\.)+\p{L}(?![\p{L}\p{N}\p{M}])|[\p{L}\p{N}\p{M}]+(?:['’ʼ][\p{L}\p{N}\p{M}]+)*/gu;
const asciiWord = /(?:[a-z]\.)+[a-z](?![a-z0-9])|[a-z0-9]+(?:'[a-z0-9]+)*/g;
/** Scripts that are written without spaces: their words are indexed as overlapping pairs of characters. */
const unspaced =
  /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;

/**
 * The words of a text in order, in the form they are indexed and searched in, before stemming: compatibility forms
 * unified (NFKC), lower case, without diacritics. `'s` is cut off, other apostrophes are dropped; numbers are kept.
 * Words longer than limits.textWordCharsMax are cut.
 */
export function tokenise(text: string): string[] {
  if (ascii.test(text)) return (text.toLowerCase().match(asciiWord) ?? []).map(plain);
  const words: string[] = [];
  for (const match of fold(text).match(word) ?? []) {
    if (unspaced.test(match)) words.push(...pairs(match));
    else words.push(plain(match));
  }
  return words;
}

/** NFKC, lower case, diacritics removed. Marks of other scripts (Hindi vowels, Japanese voicing) stay: they spell. */
function fold(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .replace(/[ßæœøđðþłıħς]/g, (letter) => folded[letter]!);
}

function plain(match: string): string {
  if (match.length <= limits.textWordCharsMax && !joint.test(match)) return match;
  const whole = match.replace(/['’ʼ]s$/, '').replace(/['’ʼ.]/g, '');
  return firstChars(whole, limits.textWordCharsMax);
}

/** `東京都` -> `東京`, `京都`; runs of other scripts within the match stay whole. */
function pairs(match: string): string[] {
  const words: string[] = [];
  let run: string[] = [];
  let other = '';
  const flush = () => {
    if (run.length === 1) words.push(run[0]!);
    for (let i = 0; i + 1 < run.length; i++) words.push(run[i]! + run[i + 1]!);
    if (other !== '') words.push(plain(other));
    run = [];
    other = '';
  };
  for (const character of match) {
    const isUnspaced = unspaced.test(character);
    if (isUnspaced ? other !== '' : run.length > 0) flush();
    if (isUnspaced) run.push(character);
    else other += character;
  }
  flush();
  return words.filter((text) => text !== '');
}

/** The index term of a word: its Porter stem where the language is English, else the word itself. */
export function stem(token: string, language: CatalogueSchema['language']): string {
  return language === 'en' && /^[a-z]{3,}$/.test(token) ? stemmer(token) : token;
}
