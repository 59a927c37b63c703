import type { Tool } from '../tool.ts';
import { describeCatalogue, getDocument } from './catalogue.ts';
import { getPolicy, listRules, setPolicy } from './rules.ts';
import { explain, search, similar } from './search.ts';
import { deleteDocument, putDocument, recordEvents } from './writes.ts';

/** Tools that change nothing: all that there are unless writes are allowed. */
export const readingTools: readonly Tool[] = [
  search,
  explain,
  similar,
  getDocument,
  describeCatalogue,
  listRules,
  getPolicy,
];

export const writingTools: readonly Tool[] = [putDocument, deleteDocument, setPolicy, recordEvents];
