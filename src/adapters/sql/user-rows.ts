import type { Policy, StoredPolicy } from '../../domain/policy.ts';
import type { EventType, LoggedEvent } from '../../domain/user-event.ts';
import type { LearningEvent } from '../../domain/user-learning.ts';
import type { LearnedValue, UserDocument, UserState } from '../../domain/user-state.ts';
import { type SqlRow, textCell } from './sql-client.ts';
import { headColumns } from './user-state-statements.ts';

/** The state in a row of `readState` or `readHead`. */
export function stateOfRow(row: SqlRow): UserState {
  return {
    newestMs: numberOrNull(row, headColumns.newestMs),
    taste: tasteOfRow(row),
    learned: learnedOf(row[headColumns.values]),
    documents: documentsOf(row[headColumns.documents]),
  };
}

function tasteOfRow(row: SqlRow): UserState['taste'] {
  const refMs = numberOrNull(row, headColumns.tasteRefMs);
  if (refMs === null) return null;
  const sum = JSON.parse(textCell(row, headColumns.taste)) as number[];
  return { space: textCell(row, headColumns.tasteSpace), sum: Float64Array.from(sum), refMs };
}

function learnedOf(cell: SqlRow[number] | undefined): UserState['learned'] {
  const learned = new Map<string, Map<string, LearnedValue>>();
  for (const [facet, value, rewards, evidence, refMs] of listOf<[string, string, number, number, number]>(
    cell,
  )) {
    const values = learned.get(facet) ?? new Map<string, LearnedValue>();
    values.set(value, { rewards, evidence, refMs });
    learned.set(facet, values);
  }
  return learned;
}

function documentsOf(cell: SqlRow[number] | undefined): UserState['documents'] {
  const rows = listOf<[string, boolean, boolean, number, number]>(cell);
  return new Map(
    rows.map(([id, seen, hidden, sum, refMs]): [string, UserDocument] => [
      id,
      { seen, hidden, affinity: sum === 0 ? null : { sum, refMs } },
    ]),
  );
}

/** Events that are not part of the state yet. */
export function pendingOfRow(row: SqlRow): LearningEvent[] {
  const rows = listOf<[string, EventType, number | null, number]>(row[headColumns.pendingEvents]);
  return rows.map(([document, type, value, atMs]) => ({ document, type, value, atMs }));
}

/** The rows of a json_agg, none for null. */
function listOf<T>(cell: SqlRow[number] | undefined): T[] {
  return typeof cell === 'string' ? (JSON.parse(cell) as T[]) : [];
}

/** A policy from its version and body. */
export function policyOf(version: number, body: Policy): StoredPolicy {
  return { ...body, version };
}

/** A policy of `readHead`; null where none is stored. */
export function policyOfCell(cell: SqlRow[number] | undefined): StoredPolicy | null {
  if (typeof cell !== 'string') return null;
  const [version, body] = JSON.parse(cell) as [number, Policy];
  return policyOf(version, body);
}

/** An event from the columns of `eventColumns`. */
export function eventOfRow(row: SqlRow): LoggedEvent {
  return {
    tenant: textCell(row, 0),
    eventId: textCell(row, 1),
    user: textCell(row, 2),
    document: textCell(row, 3),
    type: textCell(row, 4) as EventType,
    value: numberOrNull(row, 5),
    context: textOrNull(row, 6),
    atMs: Number(textCell(row, 7)),
    requestId: textOrNull(row, 8),
    receivedAtMs: Number(textCell(row, 9)),
  };
}

function textOrNull(row: SqlRow, column: number): string | null {
  return row[column] === null ? null : textCell(row, column);
}

function numberOrNull(row: SqlRow, column: number): number | null {
  return row[column] === null ? null : Number(textCell(row, column));
}
