import type { StoredDocument } from '../../client/index.ts';
import { memberLines, scoreText } from './parts.ts';

export function documentText(document: StoredDocument): string {
  const { id, title, text, facets, fields, relations, version } = document;
  return [
    `${title} [${id}], version ${version}`,
    ...(text === '' ? [] : [text]),
    ...memberLines({ ...facets, ...fields }, ''),
    ...relations.map((relation) => `${relation.type} ${relation.id} ${scoreText(relation.strength)}`),
  ].join('\n');
}
