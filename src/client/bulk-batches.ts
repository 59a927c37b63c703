import type { BulkLine } from './wire-types.ts';

/** Lines that are sent together. */
export interface BulkBatch {
  /** NDJSON. */
  readonly text: string;
  readonly count: number;
  /** Lines before these. */
  readonly before: number;
  /** Nothing comes after them. */
  readonly last: boolean;
}

/** What one request carries: the service commits after every 100 lines, so larger ones would save nothing. */
const linesMax = 1_000;
const charsMax = 4 << 20;

/**
 * Cuts any number of lines into requests. Requests that are sent while they are answered would need no cuts, but
 * browsers cannot send such.
 */
export async function* bulkBatches(
  lines: AsyncIterable<BulkLine> | Iterable<BulkLine>,
): AsyncGenerator<BulkBatch> {
  let parts: string[] = [];
  let chars = 0;
  let before = 0;
  const cut = (last: boolean): BulkBatch => {
    const batch = { text: parts.join(''), count: parts.length, before, last };
    before += parts.length;
    parts = [];
    chars = 0;
    return batch;
  };
  for await (const line of lines) {
    const part = `${JSON.stringify(line)}\n`;
    // Before the line, so that the last batch is known to be the last and is never empty.
    if (parts.length === linesMax || (parts.length > 0 && chars + part.length > charsMax)) yield cut(false);
    parts.push(part);
    chars += part.length;
  }
  if (parts.length > 0) yield cut(true);
}
