/**
 * What searches ask. Everything that comes from outside is a parameter; tenant and generation are matched on every node.
 * All of it is Cypher 5 (from 5.23) and Cypher 25 alike.
 */
const key = 'tenant: $tenant, generation: $generation';

/**
 * The seeds and the documents that they lead to, each once with its edges. Bounded by the edges that a document keeps:
 * seeds x (1 + limits.similarEdgesMax + limits.relationDegreeMax) documents.
 */
export const recallStatement = `
MATCH (seed:TriptychDocument)
WHERE seed.tenant = $tenant AND seed.generation = $generation AND seed.id IN $ids AND seed.live
WITH collect(seed) AS seeds
CALL (seeds) {
  UNWIND seeds AS document
  RETURN document
  UNION
  UNWIND seeds AS seed
  MATCH (seed)-[:SIMILAR_TO]->(document:TriptychDocument {${key}})
  WHERE document.live
  RETURN document
  UNION
  UNWIND seeds AS seed
  UNWIND seed.declaredIds AS id
  MATCH (document:TriptychDocument {${key}, id: id})
  WHERE document.live
  RETURN document
}
RETURN document.id AS id, document.similarEdges AS similar, document.sharedValues AS shared,
  document.declaredEdges AS declared
LIMIT $limit`;

/** Of each id: its SIMILAR_TO edges, and the strongest relations that it declares to documents that exist. */
export const relationshipsStatement = `
UNWIND $ids AS id
MATCH (document:TriptychDocument {${key}, id: id})
WHERE document.live
RETURN id, document.similarEdges AS similar, COLLECT {
  MATCH (document)-[relation:RELATED_TO]->(other:TriptychDocument {${key}})
  WHERE other.live
  RETURN [other.id, relation.strength, relation.type]
  ORDER BY relation.strength DESC, other.id, relation.type
  LIMIT $limit
} AS declared`;
