import { z } from 'zod';
import {
  idPattern,
  idRule,
  isReservedName,
  namePattern,
  nameRule,
  tokenPattern,
  tokenRule,
} from '../domain/names.ts';
import { limits } from '../limits.ts';

const anyId = z.string().min(1).max(limits.idCharsMax).regex(idPattern, idRule);

/** Id of a document. */
export const idSchema = anyId.meta({
  description: 'Id of a document, compared byte by byte.',
  examples: ['the-iron-giant-1999-08-04'],
});

/** Id of a user: the client's own, nothing is known about users but what is sent. */
export const userIdSchema = anyId.meta({
  description: 'Id of a user, compared byte by byte.',
  examples: ['u1'],
});

/** Name of a facet, field, scale or derived relation. */
export const nameSchema = z
  .string()
  .regex(namePattern, nameRule)
  .refine((name) => !isReservedName(name), 'is a reserved name')
  .meta({ examples: ['genres'] });

/** Name of a context. */
export const contextSchema = nameSchema.meta({
  description: 'The situation: `default`, or one that `GET /v1/rules` declares.',
  examples: ['kids'],
});

/** Id that a client made up for an event, or that a search was answered with. */
export const tokenSchema = z.string().min(1).max(limits.eventIdCharsMax).regex(tokenPattern, tokenRule);
