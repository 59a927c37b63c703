import type { LegCoverage, SearchResponse, SearchResult } from '../../../src/domain/search-response.ts';
import type { Leg } from '../../../src/domain/signal.ts';
import type { StoreName } from '../../../src/ports/store-caller.ts';
import { allowed, faultDocuments } from './fault-catalogue.ts';

const documents = new Map(faultDocuments().map((document) => [document.id, document]));

/** What may be missing from an answer while a store is at fault. */
const costs: Readonly<Record<StoreName, readonly (Leg | 'embedder')[]>> = {
  milvus: ['vector'],
  neo4j: ['graph'],
  postgres: ['policy', 'lexical'],
  redis: [],
};

/** They depend on which legs answered, all others on the document alone. */
const signalsOfTheWindow: readonly string[] = ['fused', 'rules'];

/**
 * What is wrong with an answer to the i-th question while these stores are at fault: nothing that it must not show, every
 * value as in a good answer or unknown for all documents alike, and what is missing said and excusable.
 * @param good the whole answer to the same question when nothing was at fault
 */
export function answerProblems(
  i: number,
  answer: SearchResponse,
  good: SearchResponse,
  faulty: readonly StoreName[],
): string[] {
  const problems = answer.results.flatMap((result) => resultProblems(i, result, good));
  const ids = answer.results.map(({ id }) => id);
  if (ids.length === 0) problems.push('no results');
  if (new Set(ids).size < ids.length) problems.push('a document is there twice');
  problems.push(...halfKnownSignals(answer));
  for (const [leg, coverage] of unexcused(answer, faulty))
    if (!isLate(coverage))
      problems.push(`${leg} is ${coverage.state} (${coverage.reason}), and its store is well`);
  const missing = missingParts(answer);
  if (missing.length > 0 && !answer.degraded)
    problems.push(`${missing[0]![0]} is missing and it does not say so`);
  if (!answer.degraded) problems.push(...differences(answer, good));
  return problems;
}

/** Whether a leg was late whose store is well: a busy machine makes it so now and then, a fault must not. */
export function lateWithoutCause(answer: SearchResponse, faulty: readonly StoreName[]): boolean {
  return unexcused(answer, faulty).some(([, coverage]) => isLate(coverage));
}

function isLate({ state, reason }: Pick<LegCoverage, 'state' | 'reason'>): boolean {
  return state === 'late' || (state === 'failed' && reason === 'deadline_exceeded');
}

function missingParts({ coverage }: SearchResponse): [string, LegCoverage][] {
  return Object.entries(coverage).filter(([, { state }]) => state !== 'ok' && state !== 'skipped');
}

function unexcused(answer: SearchResponse, faulty: readonly StoreName[]): [string, LegCoverage][] {
  const excused: readonly string[] = faulty.flatMap((store) => costs[store]);
  return missingParts(answer).filter(([leg]) => !excused.includes(leg));
}

/** Where a whole answer is not the good one. */
export function differences(answer: SearchResponse, good: SearchResponse): string[] {
  const [got, wanted] = [listOf(answer), listOf(good)];
  if (got.join() === wanted.join()) return [];
  const at = wanted.findIndex((line, rank) => got[rank] !== line);
  return [`rank ${at + 1} is ${got[at]}, not ${wanted[at]}`];
}

/** What an answer lists, in order: two that agree in this are the same list. */
export function listOf({ results }: SearchResponse): string[] {
  return results.map(({ id, score }) => `${id} ${score}`);
}

function resultProblems(i: number, result: SearchResult, good: SearchResponse): string[] {
  const document = documents.get(result.id);
  if (document === undefined) return [`${result.id} is no document`];
  const problems: string[] = [];
  if (!allowed(i, document)) problems.push(`${result.id} must not be shown`);
  const signals = Object.entries(result.signals ?? {});
  const sum = signals.reduce((total, [, { contribution }]) => total + contribution, 0);
  if (Math.abs(sum - result.score) > 1e-4)
    problems.push(`${result.id} scores ${result.score}, its signals ${sum}`);
  const known = good.results.find(({ id }) => id === result.id)?.signals ?? {};
  for (const [name, { value }] of signals) {
    const right = known[name as keyof typeof known]?.value ?? null;
    if (signalsOfTheWindow.includes(name) || value === null || right === null) continue;
    if (Math.abs(value - right) > 1e-5) problems.push(`${result.id} has ${name} ${value}, not ${right}`);
  }
  return problems;
}

/** A leg that did not answer makes its signal unknown for all, never for some. */
function halfKnownSignals({ results }: SearchResponse): string[] {
  return (['similarity', 'lexical', 'graph'] as const).flatMap((name) => {
    const unknown = results.filter(({ signals }) => signals?.[name]?.value == null).length;
    return unknown === 0 || unknown === results.length
      ? []
      : [`${name} is unknown for ${unknown} of ${results.length}`];
  });
}
