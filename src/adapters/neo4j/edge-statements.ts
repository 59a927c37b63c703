/** How the edges of marked documents are computed anew; what the graph looks like is in write-statements.ts. */
const key = 'tenant: $tenant, generation: $generation';
const document = (id: string) => `(document:TriptychDocument {${key}, id: ${id}})`;

const marked = `
RETURN document.id AS id, COUNT { (document)-[:HAS_VALUE]->() } AS values,
  document.similarEdges AS similar, document.sharedValues AS shared, document.declaredEdges AS declared
LIMIT $limit`;

export const markedStatement = `
MATCH (document:TriptychStale {${key}})${marked}`;

/** Without the hint all marked ones would be gone through for each id. */
export const markedOfStatement = `
UNWIND $ids AS id
MATCH ${document('id')}
USING INDEX document:TriptychDocument(tenant, generation, id)
WHERE document:TriptychStale${marked}`;

/** The values of the documents that count, each with everybody who has it. */
export const membersStatement = `
UNWIND $ids AS id
MATCH ${document('id')}-[:HAS_VALUE]->(value:TriptychValue {${key}})
WITH DISTINCT value, COUNT { (value)<-[:HAS_VALUE]-() } AS documents
WHERE 2 <= documents AND documents <= $degreeMax
RETURN value.facet AS facet, value.value AS value, COLLECT {
  MATCH (value)<-[:HAS_VALUE]-(member:TriptychDocument {${key}})
  RETURN member.id
} AS ids`;

/** Declared relations to and from each document; of a type with too many sources so many that it shows. */
export const declaredStatement = `
UNWIND $ids AS id
MATCH ${document('id')}
RETURN id, COLLECT {
  MATCH (document)-[relation:RELATED_TO]->(other:TriptychDocument {${key}})
  WHERE other.live
  RETURN [relation.type, other.id, relation.strength]
} AS outgoing, COLLECT {
  MATCH (document)<-[relation:RELATED_TO]-(other:TriptychDocument {${key}})
  WITH relation.type AS type, collect([other.id, relation.strength])[..$degreeMax + 1] AS sources
  UNWIND sources AS source
  RETURN [type, source[0], source[1]]
} AS incoming`;

export const storeEdgesStatement = `
UNWIND $rows AS row
MATCH ${document('row.id')}
SET document.similarEdges = row.similar, document.sharedValues = row.shared,
  document.declaredEdges = row.declared, document.declaredIds = row.declaredIds`;

/** Brings relationships to new strengths, `{id: strength}`, where they are there. */
export const strengthenStatement = `
UNWIND $rows AS row
MATCH ${document('row.id')}-[similar:SIMILAR_TO]->(other:TriptychDocument {${key}})
WITH similar, row.strengths[other.id] AS strength
WHERE strength IS NOT NULL
SET similar.strength = strength`;

export const loseSimilarStatement = `
UNWIND $rows AS row
MATCH ${document('row.id')}-[similar:SIMILAR_TO]->(other:TriptychDocument {${key}})
WHERE other.id IN row.lost
DELETE similar`;

export const gainSimilarStatement = `
UNWIND $rows AS row
MATCH ${document('row[0]')}
MATCH (other:TriptychDocument {${key}, id: row[1]})
CREATE (document)-[:SIMILAR_TO {strength: row[2]}]->(other)`;

export const unmarkStatement = `
UNWIND $ids AS id
MATCH ${document('id')}
REMOVE document:TriptychStale`;
