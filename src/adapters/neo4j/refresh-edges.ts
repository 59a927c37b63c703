import type { DerivedRelation } from '../../domain/catalogue-schema.ts';
import { limits } from '../../limits.ts';
import type { KeyParameters } from './apply-changes.ts';
import { type DeclaredAround, edgesOf, type Members } from './edge-computation.ts';
import * as edges from './edge-statements.ts';
import { integer, type Row, type Statements } from './neo4j-connection.ts';
import { type PackedEdges, similarPairs, unpackDeclared } from './packed-edges.ts';

/** A document whose edges must be computed, with those that it has. */
interface MarkedDocument extends PackedEdges {
  readonly id: string;
  /** How many it has. */
  readonly values: number;
}

/**
 * Computes the edges of some marked documents anew and takes the mark away. Runs within the turn of one writer, so nobody
 * changes what they are computed from.
 * @param ids only of these; null: of any
 * @returns how many documents it was; 0: none was marked
 */
export async function refreshEdges(
  statements: Statements,
  key: KeyParameters,
  derived: readonly DerivedRelation[],
  ids: readonly string[] | null,
): Promise<number> {
  const parameters = { ...key, limit: integer(limits.neo4jRefreshDocuments) };
  const rows = await (ids === null
    ? statements.run<MarkedDocument & Row>(edges.markedStatement, parameters)
    : statements.run<MarkedDocument & Row>(edges.markedOfStatement, { ...parameters, ids }));
  const chosen = affordable(rows);
  if (chosen.length === 0) return 0;
  const chosenIds = chosen.map(({ id }) => id);
  const about = { ...key, ids: chosenIds, degreeMax: integer(limits.relationDegreeMax) };
  const members = await statements.run<Members & Row>(edges.membersStatement, about);
  const declared = await statements.run<DeclaredAround & Row>(edges.declaredStatement, about);
  const packed = edgesOf(derived, chosenIds, members, declared);
  await storeEdges(statements, key, chosen, packed);
  await statements.run(edges.unmarkStatement, { ...key, ids: chosenIds });
  return chosen.length;
}

/** As many as have limits.neo4jRefreshValues values in all, but one at least. */
function affordable(rows: readonly MarkedDocument[]): readonly MarkedDocument[] {
  let sum = 0;
  return rows.filter(({ values }, i) => {
    sum += values;
    return i === 0 || sum <= limits.neo4jRefreshValues;
  });
}

async function storeEdges(
  statements: Statements,
  key: KeyParameters,
  before: readonly MarkedDocument[],
  packed: ReadonlyMap<string, PackedEdges>,
): Promise<void> {
  const changed = before.filter((document) => !areEqual(document, packed.get(document.id)!));
  const send = async (cypher: string, rows: readonly unknown[]) =>
    rows.length === 0 ? undefined : statements.run(cypher, { ...key, rows });
  await send(
    edges.storeEdgesStatement,
    changed.map(({ id }) => {
      const own = packed.get(id)!;
      return { id, ...own, declaredIds: unpackDeclared(own).map(([other]) => other) };
    }),
  );
  const differences = changed.map((document) => similarDifference(document, packed.get(document.id)!));
  await send(
    edges.loseSimilarStatement,
    differences.filter(({ lost }) => lost.length > 0),
  );
  await send(
    edges.strengthenStatement,
    differences.filter(({ strengths }) => Object.keys(strengths).length > 0),
  );
  await send(
    edges.gainSimilarStatement,
    differences.flatMap(({ id, gained }) => gained.map((one) => [id, ...one])),
  );
}

/** The SIMILAR_TO relationships to delete, to give other strengths, and to create. */
function similarDifference(before: MarkedDocument, after: PackedEdges) {
  const old = new Map(similarPairs(before));
  const now = similarPairs(after);
  const kept = new Set(now.map(([to]) => to));
  return {
    id: before.id,
    lost: [...old.keys()].filter((to) => !kept.has(to)),
    strengths: Object.fromEntries(now.filter(([to, strength]) => (old.get(to) ?? strength) !== strength)),
    gained: now.filter(([to]) => !old.has(to)),
  };
}

function areEqual(a: PackedEdges, b: PackedEdges): boolean {
  return a.similar === b.similar && a.shared === b.shared && a.declared === b.declared;
}
