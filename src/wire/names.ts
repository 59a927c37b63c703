import { z } from 'zod';
import { idPattern, idRule, isReservedName, namePattern, nameRule } from '../domain/names.ts';
import { limits } from '../limits.ts';

/** Id of a document. */
export const idSchema = z
  .string()
  .min(1)
  .max(limits.idCharsMax)
  .regex(idPattern, idRule)
  .meta({ description: 'Id of a document, compared byte by byte.', examples: ['the-iron-giant-1999-08-04'] });

/** Name of a facet, field, scale or derived relation. */
export const nameSchema = z
  .string()
  .regex(namePattern, nameRule)
  .refine((name) => !isReservedName(name), 'is a reserved name')
  .meta({ examples: ['genres'] });
