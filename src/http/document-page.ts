import { limits } from '../limits.ts';
import type { Triptych } from '../ports/triptych.ts';
import { cursorAfter } from '../wire/cursor.ts';
import { storedDocumentToWire, type WireStoredDocument } from '../wire/document.ts';

export interface PageRequest {
  readonly afterId: string | null;
  readonly limit: number;
  readonly withEmbedding: boolean;
}

export interface DocumentPage {
  readonly documents: readonly WireStoredDocument[];
  readonly cursor: string | null;
}

/**
 * Reads a page in small steps and ends it early at limits.listPageBytesMax: a thousand documents of the largest size
 * would not fit in memory.
 */
export async function nextPage(
  triptych: Triptych,
  tenant: string,
  request: PageRequest,
): Promise<DocumentPage> {
  const documents: WireStoredDocument[] = [];
  let bytes = 0;
  let afterId = request.afterId;
  while (documents.length < request.limit) {
    const wanted = Math.min(limits.ingestBatchRows, request.limit - documents.length);
    const found = await triptych.documents(tenant, afterId, wanted);
    for (const document of found) {
      const wire = storedDocumentToWire(document, request.withEmbedding);
      bytes += Buffer.byteLength(JSON.stringify(wire));
      if (documents.length > 0 && bytes > limits.listPageBytesMax)
        return { documents, cursor: cursorAfter(documents.at(-1)!.id) };
      documents.push(wire);
      afterId = document.id;
    }
    if (found.length < wanted) return { documents, cursor: null };
  }
  const more = afterId === null ? [] : await triptych.documents(tenant, afterId, 1);
  return { documents, cursor: more.length > 0 ? cursorAfter(afterId!) : null };
}
