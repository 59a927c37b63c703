import type { DerivedRelation } from '../../domain/catalogue-schema.ts';
import { changedId, type DocumentChange } from '../../domain/document.ts';
import { limits } from '../../limits.ts';
import {
  type DocumentDifference,
  documentDifference,
  type FacetValue,
  type PresentDocument,
  touchesEdges,
} from './document-difference.ts';
import { integer, type Parameters, type Row, type Statements } from './neo4j-connection.ts';
import * as write from './write-statements.ts';

/** A generation of a tenant as the parameters of every statement. */
export type KeyParameters = { readonly tenant: string; readonly generation: unknown };

/** Sends a statement with the generation's key, unless it has no rows to work on. */
type Send = (cypher: string, rows: readonly unknown[], parameters: Parameters) => Promise<unknown>;

/**
 * Brings documents to the given state and marks every document whose edges may change by it. Runs within the turn of one
 * writer, so what is read first stays true to the end.
 */
export async function applyChanges(
  statements: Statements,
  key: KeyParameters,
  derived: readonly DerivedRelation[],
  changes: readonly DocumentChange[],
  nowMs: number,
): Promise<readonly string[]> {
  const ids = changes.map(changedId);
  const rows = await statements.run<PresentDocument & Row>(write.presentStatement, { ...key, ids });
  const present = new Map(rows.map((row) => [row.id, row]));
  const differences = changes.flatMap((change, i) => {
    const difference = documentDifference(change, present.get(ids[i]!), derived);
    return difference === null ? [] : [difference];
  });
  const send: Send = async (cypher, some, parameters) =>
    some.length === 0 ? undefined : statements.run(cypher, { ...key, ...parameters });
  await writeDifferences(send, differences, nowMs);
  return differences.filter(({ live }) => live).map(({ id }) => id);
}

async function writeDifferences(
  send: Send,
  differences: readonly DocumentDifference[],
  nowMs: number,
): Promise<void> {
  const changedValues = distinct(differences.flatMap((one) => [...one.lostValues, ...one.gainedValues]));
  // Who had a value before, and who has it after: a value may have been, or become, too common to count.
  const degreeMax = integer(limits.relationDegreeMax);
  const markMembers = () =>
    send(write.markMembersStatement, changedValues, { values: changedValues, degreeMax });
  await markMembers();
  await writeNodes(send, differences, nowMs);
  await writeValues(send, differences);
  await writeRelations(send, differences);
  await markMembers();
  const touched = differences.filter(touchesEdges);
  const ends = touched.flatMap((one) => [...one.lostRelations, ...one.gainedRelations]);
  const marked = [...new Set([...touched.map(({ id }) => id), ...ends.map(([, id]) => id)])];
  await send(write.markStatement, marked, { ids: marked });
  const turned = touched.filter(({ turns }) => turns).map(({ id }) => id);
  await send(write.markNeighboursStatement, turned, { ids: turned });
}

async function writeNodes(
  send: Send,
  differences: readonly DocumentDifference[],
  nowMs: number,
): Promise<void> {
  const rowsOf = (live: boolean) =>
    differences
      .filter((one) => one.live === live)
      .map(({ id, version }) => ({ id, version: integer(version) }));
  const [put, gone] = [rowsOf(true), rowsOf(false)];
  await send(write.putStatement, put, { rows: put });
  await send(write.deleteStatement, gone, { rows: gone, now: integer(nowMs) });
}

async function writeValues(send: Send, differences: readonly DocumentDifference[]): Promise<void> {
  const lost = differences.flatMap(({ id, lostValues }) => lostValues.map((value) => [id, ...value]));
  const gained = differences.flatMap(({ id, gainedValues }) => gainedValues.map((value) => [id, ...value]));
  await send(write.loseValuesStatement, lost, { rows: lost });
  await send(write.gainValuesStatement, gained, { rows: gained });
  const values = distinct(differences.flatMap((one) => one.lostValues));
  await send(write.emptyValuesStatement, values, { values });
}

async function writeRelations(send: Send, differences: readonly DocumentDifference[]): Promise<void> {
  const lost = differences.flatMap(({ id, lostRelations }) => lostRelations.map((one) => [id, ...one]));
  const gained = differences.flatMap(({ id, gainedRelations }) => gainedRelations.map((one) => [id, ...one]));
  await send(write.loseRelationsStatement, lost, { rows: lost });
  await send(write.gainRelationsStatement, gained, { rows: gained });
  const ends = [...new Set(differences.flatMap((one) => one.lostRelations.map(([, id]) => id)))];
  await send(write.orphansStatement, ends, { ids: ends });
}

function distinct(values: readonly FacetValue[]): FacetValue[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}
