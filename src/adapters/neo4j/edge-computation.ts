import type { DerivedRelation } from '../../domain/catalogue-schema.ts';
import type { Relation, StoredDocument } from '../../domain/document.ts';
import { SimilarityGraph } from '../../domain/similarity-graph.ts';
import { type PackedEdges, packEdges } from './packed-edges.ts';

/** A value that counts, with everybody who has it. */
export interface Members {
  readonly facet: string;
  readonly value: string;
  readonly ids: readonly string[];
}

/** Relations declared by a document (`outgoing`, to documents that exist) and to it: `[type, other, strength]`. */
export interface DeclaredAround {
  readonly id: string;
  readonly outgoing: readonly (readonly [type: string, id: string, strength: number])[];
  readonly incoming: readonly (readonly [type: string, id: string, strength: number])[];
}

/**
 * The edges of some documents, from what is around them: by the in-process graph, made of nothing but their values, who
 * else has those, and the relations from and to them. Values that are left out must be too common to count.
 */
export function edgesOf(
  derived: readonly DerivedRelation[],
  ids: readonly string[],
  members: readonly Members[],
  declared: readonly DeclaredAround[],
): Map<string, PackedEdges> {
  const graph = new SimilarityGraph({ relations: derived });
  const documents = new Map<string, PartialDocument>(ids.map((id) => [id, emptyDocument()]));
  const partial = (id: string): PartialDocument => {
    const known = documents.get(id) ?? emptyDocument();
    documents.set(id, known);
    return known;
  };
  for (const { facet, value, ids: holders } of members)
    for (const holder of holders) {
      const { facets } = partial(holder);
      facets.set(facet, [...(facets.get(facet) ?? []), value]);
    }
  for (const { id, outgoing, incoming } of declared) {
    for (const [type, other, strength] of outgoing) {
      partial(other);
      partial(id).relations.push({ type, id: other, strength });
    }
    for (const [type, source, strength] of incoming) partial(source).relations.push({ type, id, strength });
  }
  graph.apply([...documents].map(([id, parts]) => ({ kind: 'put', document: documentOf(id, parts) })));
  return new Map(
    ids.map((id) => {
      const slot = graph.slotOf(id);
      return [id, packEdges(graph.similar(slot), graph.declared(slot))];
    }),
  );
}

interface PartialDocument {
  readonly facets: Map<string, string[]>;
  readonly relations: Relation[];
}

const emptyDocument = (): PartialDocument => ({ facets: new Map(), relations: [] });

const noVector = new Float32Array(0);

function documentOf(id: string, { facets, relations }: PartialDocument): StoredDocument {
  const nothing = { version: 1, title: '', text: '', fields: {}, embedding: noVector };
  return { id, ...nothing, facets: Object.fromEntries(facets), relations };
}
