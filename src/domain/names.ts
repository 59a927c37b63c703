import { limits } from '../limits.ts';

/** Ids are opaque and compared byte by byte; control characters would break logs, and URLs drop dots that stand alone. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing control characters is the point
export const idPattern = /^(?!\.{1,2}$)[^\u0000-\u001f\u007f-\u009f]+$/;
export const idRule = 'must not contain control characters, nor be "." or ".."';

/** Ids that clients make for events and searches: they appear in logs and headers. */
export const tokenPattern = /^[!-~]+$/;
export const tokenRule = 'must be visible ASCII characters without spaces';

/** Names of catalogues, facets, fields, scales and derived relations appear in paths and SQL; they are plain ASCII. */
export const namePattern = new RegExp(`^[A-Za-z][A-Za-z0-9_-]{0,${limits.nameCharsMax - 1}}$`);
export const nameRule = `must be a letter, then at most ${limits.nameCharsMax - 1} letters, digits, "_" or "-"`;

/** Whether a plain object has a member of that name before anyone gives it one. */
export function isReservedName(name: string): boolean {
  return name in Object.prototype;
}

/** What is wrong with a name, or null. */
export function nameProblem(name: string): string | null {
  if (!namePattern.test(name)) return nameRule;
  return isReservedName(name) ? 'is a reserved name' : null;
}

/** Type of the edges that derived relations add up to. */
export const similarTo = 'SIMILAR_TO';
export const similarToRule = 'is computed by the service and cannot be given';
