import { z } from 'zod';
import { limits } from '../limits.ts';

/**
 * Ids are opaque and compared byte by byte. Control characters are refused, and `.` and `..`, because URLs drop them.
 */
export const idSchema = z
  .string()
  .min(1)
  .max(limits.idCharsMax)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: refusing control characters is the point
  .regex(/^(?!\.{1,2}$)[^\u0000-\u001f\u007f]+$/, 'must not hold control characters, nor be "." or ".."')
  .meta({ description: 'Id of a document, compared byte by byte.', examples: ['the-iron-giant-1999-08-04'] });

const namePattern = new RegExp(`^[A-Za-z][A-Za-z0-9_-]{0,${limits.nameCharsMax - 1}}$`);

/** Name of a facet, field, scale or relation type. Names of Object.prototype's members are refused. */
export const nameSchema = z
  .string()
  .regex(namePattern, `must be a letter, then at most ${limits.nameCharsMax - 1} letters, digits, "_" or "-"`)
  .refine((name) => !(name in Object.prototype), 'is a reserved name')
  .meta({ examples: ['genres'] });
