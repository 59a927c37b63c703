import type { DocumentChange } from '../../domain/document.ts';
import type { ChangePage } from '../../ports/document-store.ts';
import { beginning, type ChangePosition, encodeCursor } from './change-cursor.ts';
import { changeColumns } from './change-statements.ts';
import { documentOfRow } from './document-rows.ts';
import { type SqlRow, textCell } from './sql-client.ts';

/** A page of the change feed from the rows of `readChanges`, of which there is at least one. */
export function changePage(
  generation: number,
  position: ChangePosition | null,
  rows: readonly SqlRow[],
): ChangePage {
  const first = rows[0]!;
  const from = position ?? {
    ...beginning(generation),
    startXid: textCell(first, changeColumns.horizon),
  };
  if (position !== null && textCell(first, changeColumns.lost) === 't')
    return { changes: [], cursor: encodeCursor(position), complete: false };
  if (first[changeColumns.xid] === null) return { changes: [], cursor: encodeCursor(from), complete: true };
  const last = rows.at(-1)!;
  const cursor = encodeCursor({
    ...from,
    xid: textCell(last, changeColumns.xid),
    id: textCell(last, changeColumns.document),
  });
  return { changes: rows.map(changeOfRow), cursor, complete: true };
}

function changeOfRow(row: SqlRow): DocumentChange {
  if (textCell(row, changeColumns.live) === 't')
    return { kind: 'put', document: documentOfRow(row, changeColumns.document) };
  return {
    kind: 'delete',
    id: textCell(row, changeColumns.document),
    version: Number(textCell(row, changeColumns.document + 1)),
  };
}
