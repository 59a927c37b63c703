import type { DocumentChange, StoredDocument } from '../../src/domain/document.ts';

/** The documents that are left after the changes, in the order of their first write. */
export function liveDocuments(changes: readonly DocumentChange[]): StoredDocument[] {
  const documents = new Map<string, StoredDocument>();
  for (const change of changes) {
    if (change.kind === 'put') documents.set(change.document.id, change.document);
    else documents.delete(change.id);
  }
  return [...documents.values()];
}
