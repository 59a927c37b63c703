import { TriptychError } from '../../errors.ts';
import type { ChangeCursor } from '../../ports/document-store.ts';

/** Where a reader of the change feed is: after the row (xid, id) of one generation. */
export interface ChangePosition {
  readonly generation: number;
  /**
   * Oldest transaction that ran when the reader began. What was deleted before it never was alive for this reader:
   * such tombstones are not sent, and it does not matter whether they are still kept.
   */
  readonly startXid: string;
  readonly xid: string;
  readonly id: string;
}

/** Before the first row of any generation. */
export function beginning(generation: number): ChangePosition {
  return { generation, startXid: '0', xid: '0', id: '' };
}

export function encodeCursor(position: ChangePosition): ChangeCursor {
  return `${position.generation}:${position.startXid}:${position.xid}:${position.id}`;
}

/** @throws TriptychError invalid_request for a text that no store made */
export function decodeCursor(cursor: ChangeCursor): ChangePosition {
  const match = /^(\d{1,15}):(\d{1,20}):(\d{1,20}):(.*)$/s.exec(cursor);
  if (match === null) throw new TriptychError('invalid_request', 'the change cursor is not valid');
  return { generation: Number(match[1]), startXid: match[2]!, xid: match[3]!, id: match[4]! };
}
