import type { CatalogueSchema } from './catalogue-schema.ts';
import type { DocumentBody } from './document.ts';

/** The text of a document that its catalogue embeds: the schema's sources in order, empty ones left out. */
export function embeddingText(schema: CatalogueSchema, document: DocumentBody): string {
  const parts = schema.embedding.text.map((source) => sourceText(document, source));
  return parts.filter((part) => part !== '').join('. ');
}

function sourceText(document: DocumentBody, source: string): string {
  if (source === 'title') return document.title;
  if (source === 'text') return document.text;
  const [kind, name] = [source.slice(0, source.indexOf('.')), source.slice(source.indexOf('.') + 1)];
  if (kind === 'facets')
    return (Object.hasOwn(document.facets, name) ? (document.facets[name] ?? []) : []).join(', ');
  return Object.hasOwn(document.fields, name) ? String(document.fields[name]) : '';
}
