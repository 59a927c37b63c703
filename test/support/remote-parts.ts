import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { DocumentChange, StoredDocument } from '../../src/domain/document.ts';
import { dotAt } from '../../src/domain/dot-rows.ts';
import { matches } from '../../src/domain/predicate.ts';
import { widen } from '../../src/domain/vector.ts';
import { makeVectorRows, writeVector } from '../../src/domain/vector-rows.ts';
import { limits } from '../../src/limits.ts';
import type { Projection } from '../../src/ports/projection.ts';
import type { Hit } from '../../src/ports/recall.ts';
import type { VectorIndex, VectorQuery } from '../../src/ports/vector-index.ts';
import { compareUtf8 } from '../../src/std/utf8-order.ts';
import { type FixtureParts, inProcessParts } from './search-fixture.ts';

/** Vectors outside the process: ids and scores over documents of its own, with a filter of its own. */
class RemoteVectorIndex implements VectorIndex, Projection {
  #schema: CatalogueSchema | null = null;
  readonly #documents = new Map<string, StoredDocument>();

  reset(_tenant: string, schema: CatalogueSchema): void {
    this.#schema = schema;
    this.#documents.clear();
  }

  apply(_tenant: string, changes: readonly DocumentChange[]): void {
    for (const change of changes)
      if (change.kind === 'put') this.#documents.set(change.document.id, change.document);
      else this.#documents.delete(change.id);
  }

  async search({ vectors, predicate, limit }: VectorQuery): Promise<readonly (readonly Hit[])[]> {
    const schema = this.#schema!;
    const passing = [...this.#documents.values()].filter(
      (document) => predicate === null || matches(schema, document, predicate.predicate),
    );
    return vectors.map((vector) =>
      passing
        .map(({ id, embedding }) => ({ id, score: this.#cosine(embedding, widen(vector)) }))
        .sort((a, b) => b.score - a.score || compareUtf8(a.id, b.id))
        .slice(0, limit),
    );
  }

  #cosine(embedding: Float32Array, vector: Float64Array): number {
    const { tier, dimension } = this.#schema!.embedding;
    const rows = makeVectorRows(tier, dimension, 1);
    writeVector(rows, 0, embedding);
    return dotAt(rows, 0, vector);
  }
}

function withoutRows<H extends Hit | { readonly id: string }>(hits: readonly H[]): H[] {
  return hits.map((hit) => ({ ...hit, row: undefined }));
}

/** Stores as they answer from outside the process: they know ids, and no row of any table. */
export function remoteParts(): FixtureParts & {
  readonly projections: readonly Projection[];
  readonly pushdownShare: number;
} {
  const { text, graph, embedder, projections } = inProcessParts();
  const vector = new RemoteVectorIndex();
  return {
    vector,
    text: {
      search: async (query) => {
        const { hits, score } = await text.search(query);
        return { hits: withoutRows(hits), score: (ids) => score(ids) };
      },
    },
    graph: {
      recall: async (query) => ({ support: withoutRows((await graph.recall(query)).support) }),
      relationships: (query) => graph.relationships(query),
    },
    embedder,
    projections: [...projections, vector],
    pushdownShare: limits.pushdownShare,
  };
}
