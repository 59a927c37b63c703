/**
 * How the graph is written. A document is a node, and stays one without anything while others declare relations to it or
 * while its deletion has to be remembered (`live` is false then). Everything that comes from outside is a parameter;
 * tenant and generation are matched on every node. All of it is Cypher 5 (from 5.23) and Cypher 25 alike.
 *
 *   (:TriptychCatalogue {tenant, generation, relations, turn})
 *   (:TriptychDocument {tenant, generation, id, version, live, deletedAt,
 *                       similarEdges, sharedValues, declaredEdges, declaredIds})   see packed-edges.ts
 *   (:TriptychValue {tenant, generation, facet, value})                             of facets that derive relations
 *   (document)-[:HAS_VALUE]->(value)
 *   (document)-[:RELATED_TO {type, strength}]->(document)                           as the document declares it
 *   (document)-[:SIMILAR_TO {strength}]->(document)                                 its strongest, computed
 *   (:TriptychStale)                                                                a document whose edges must be computed
 */
const key = 'tenant: $tenant, generation: $generation';
const document = (id: string) => `(document:TriptychDocument {${key}, id: ${id}})`;

/** Each a statement of its own. Existence constraints would need the Enterprise edition. */
export const schemaStatements: readonly string[] = [
  `CREATE CONSTRAINT triptych_catalogue IF NOT EXISTS
   FOR (c:TriptychCatalogue) REQUIRE (c.tenant, c.generation) IS UNIQUE`,
  `CREATE CONSTRAINT triptych_document IF NOT EXISTS
   FOR (d:TriptychDocument) REQUIRE (d.tenant, d.generation, d.id) IS UNIQUE`,
  `CREATE CONSTRAINT triptych_value IF NOT EXISTS
   FOR (v:TriptychValue) REQUIRE (v.tenant, v.generation, v.facet, v.value) IS UNIQUE`,
  'CREATE INDEX triptych_stale IF NOT EXISTS FOR (d:TriptychStale) ON (d.tenant, d.generation)',
  `CREATE INDEX triptych_tombstone IF NOT EXISTS
   FOR (d:TriptychDocument) ON (d.tenant, d.generation, d.deletedAt)`,
  'CALL db.awaitIndexes(60)',
];

/** Row (isNew): whether the generation was not there. */
export const prepareStatement = `
MERGE (catalogue:TriptychCatalogue {${key}})
WITH catalogue, catalogue.relations IS NULL AS isNew
SET catalogue.relations = $relations
RETURN isNew`;

/** A row where the generation was prepared. */
export const placeStatement = `
MATCH (catalogue:TriptychCatalogue {${key}})
WHERE catalogue.relations IS NOT NULL
RETURN true AS there`;

/**
 * Writers of one generation take turns: each begins with this, which holds the node until its transaction has ended.
 * Gives the relations that the schema derives; no row when the generation was not prepared or is dropped.
 */
export const turnStatement = `
MATCH (catalogue:TriptychCatalogue {${key}})
SET catalogue.turn = coalesce(catalogue.turn, 0) + 1
RETURN catalogue.relations AS relations`;

export const presentStatement = `
UNWIND $ids AS id
MATCH ${document('id')}
RETURN id, document.version AS version, document.live AS live, COLLECT {
  MATCH (document)-[:HAS_VALUE]->(value:TriptychValue {${key}})
  RETURN [value.facet, value.value]
} AS values, COLLECT {
  MATCH (document)-[relation:RELATED_TO]->(other:TriptychDocument {${key}})
  RETURN [relation.type, other.id, relation.strength]
} AS relations`;

/** Marks who has one of the values, where few enough have it for it to count. */
export const markMembersStatement = `
UNWIND $values AS one
MATCH (value:TriptychValue {${key}, facet: one[0], value: one[1]})
WHERE COUNT { (value)<-[:HAS_VALUE]-() } <= $degreeMax
MATCH (value)<-[:HAS_VALUE]-(document:TriptychDocument {${key}})
SET document:TriptychStale`;

/** Marks who declares a relation to one of the documents, and whom they declare one to. */
export const markNeighboursStatement = `
UNWIND $ids AS id
MATCH ${document('id')}-[:RELATED_TO]-(other:TriptychDocument {${key}})
WHERE other.live
SET other:TriptychStale`;

export const markStatement = `
UNWIND $ids AS id
MATCH ${document('id')}
WHERE document.live
SET document:TriptychStale`;

export const putStatement = `
UNWIND $rows AS row
MERGE ${document('row.id')}
SET document.version = row.version, document.live = true
REMOVE document.deletedAt`;

/** What leads to it goes when the edges of those documents are computed anew: they know what they have. */
export const deleteStatement = `
UNWIND $rows AS row
MERGE ${document('row.id')}
SET document.version = row.version, document.live = false, document.deletedAt = $now
REMOVE document:TriptychStale, document.similarEdges, document.sharedValues, document.declaredEdges,
  document.declaredIds
WITH document
MATCH (document)-[similar:SIMILAR_TO]->()
DELETE similar`;

export const loseValuesStatement = `
UNWIND $rows AS row
MATCH ${document('row[0]')}
MATCH (value:TriptychValue {${key}, facet: row[1], value: row[2]})
MATCH (document)-[has:HAS_VALUE]->(value)
DELETE has`;

export const gainValuesStatement = `
UNWIND $rows AS row
MATCH ${document('row[0]')}
MERGE (value:TriptychValue {${key}, facet: row[1], value: row[2]})
CREATE (document)-[:HAS_VALUE]->(value)`;

export const emptyValuesStatement = `
UNWIND $values AS one
MATCH (value:TriptychValue {${key}, facet: one[0], value: one[1]})
WHERE NOT EXISTS { (value)<-[:HAS_VALUE]-() }
DELETE value`;

export const loseRelationsStatement = `
UNWIND $rows AS row
MATCH ${document('row[0]')}
MATCH (other:TriptychDocument {${key}, id: row[2]})
MATCH (document)-[relation:RELATED_TO {type: row[1]}]->(other)
DELETE relation`;

/** The far end need not exist (yet). */
export const gainRelationsStatement = `
UNWIND $rows AS row
MATCH ${document('row[0]')}
MERGE (other:TriptychDocument {${key}, id: row[2]})
ON CREATE SET other.live = false, other.version = 0
CREATE (document)-[:RELATED_TO {type: row[1], strength: row[3]}]->(other)`;

/** Far ends that never existed and that nobody points to any more. */
export const orphansStatement = `
UNWIND $ids AS id
MATCH ${document('id')}
WHERE NOT document.live AND document.deletedAt IS NULL AND NOT EXISTS { (document)--() }
DELETE document`;

/** Deletions that need not be remembered any longer. */
export const purgeStatement = `
MATCH (document:TriptychDocument)
WHERE document.tenant = $tenant AND document.generation = $generation AND document.deletedAt < $before
  AND NOT EXISTS { (document)--() }
WITH document LIMIT $limit
DELETE document`;

export const activateStatement = `
MATCH (catalogue:TriptychCatalogue)
WHERE catalogue.tenant = $tenant AND catalogue.generation >= 0
SET catalogue.live = (catalogue.generation = $generation)`;

export const dropCatalogueStatement = `
MATCH (catalogue:TriptychCatalogue {${key}})
DELETE catalogue`;

/** A part of a generation's nodes; how many went. That a text is one is said so that its index is used. */
export const dropStatements: readonly string[] = [
  'MATCH (node:TriptychDocument) WHERE node.id >= ""',
  'MATCH (node:TriptychValue) WHERE node.facet >= "" AND node.value >= ""',
].map(
  (nodes) => `
${nodes} AND node.tenant = $tenant AND node.generation = $generation
WITH node LIMIT $limit
DETACH DELETE node
RETURN count(*) AS deleted`,
);

export const versionsStatement = `
MATCH (document:TriptychDocument)
WHERE document.tenant = $tenant AND document.generation = $generation AND document.id > $after
  AND document.live
RETURN document.id AS id, document.version AS version
ORDER BY document.tenant, document.generation, document.id
LIMIT $limit`;

export const pingStatement = 'RETURN 1 AS one';

/** Rows (tenant): those of $tenants of whom a document waits for its edges. */
export const unfinishedStatement = `
UNWIND $tenants AS tenant
WITH tenant
WHERE EXISTS {
  MATCH (document:TriptychStale)
  WHERE document.tenant = tenant AND document.generation >= 0
}
RETURN tenant`;
