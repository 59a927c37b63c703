import { limits } from '../limits.ts';
import { textProblem } from '../std/clean-text.ts';
import { idPattern, idRule } from './names.ts';

/** What is wrong with the id of a document or a user, or null. */
export function idProblem(id: string): string | null {
  if (id === '') return 'must not be empty';
  if (!idPattern.test(id)) return idRule;
  return stringProblem(id, limits.idCharsMax);
}

/** What is wrong with a value of a facet, or null. */
export function facetValueProblem(value: string): string | null {
  return value === '' ? 'must not be empty' : stringProblem(value, limits.facetValueCharsMax);
}

export function stringProblem(value: string, charsMax: number): string | null {
  if (value.length > charsMax) return `must have at most ${charsMax} characters, not ${value.length}`;
  return textProblem(value);
}

export function unknownFacet(known: readonly string[]): string {
  return `is not a facet of the catalogue${knownNames(known)}`;
}

export function unknownField(known: readonly string[]): string {
  return `is not a field of the catalogue${knownNames(known)}`;
}

function knownNames(names: readonly string[]): string {
  if (names.length === 0) return '';
  return ` (${names.slice(0, 10).join(', ')}${names.length > 10 ? ', ...' : ''})`;
}
