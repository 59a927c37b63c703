import { setTimeout as sleep } from 'node:timers/promises';
import type { BulkOperation } from '../../domain/document.ts';
import { TriptychError } from '../../errors.ts';
import type { RowMapping } from '../../ingest/mapping.ts';
import { limits } from '../../limits.ts';
import { type Line, readLines } from '../../std/lines.ts';
import type { Progress } from '../../std/progress.ts';
import { type Reject, type RejectFile, rejectOf } from './reject-file.ts';
import type { IngestTarget, WriteOutcome } from './target.ts';

/** What is committed: the position in the input and the counts up to it. */
export interface Committed {
  readonly bytes: number;
  readonly lines: number;
  readonly rows: number;
  readonly written: number;
  readonly rejected: number;
  /** Documents that the target holds at least: those of the beginning and those that were new to it. */
  readonly documents: number;
}

/** Where a run begins on a target that holds this many documents. */
export function nothingCommitted(documents: number): Committed {
  return { bytes: 0, lines: 0, rows: 0, written: 0, rejected: 0, documents };
}

export interface IngestJob {
  /** The input from `from.bytes` on. */
  readonly input: AsyncIterable<Uint8Array | string>;
  readonly from: Committed;
  readonly map: RowMapping;
  readonly target: IngestTarget;
  readonly rejects: RejectFile;
  readonly progress: Progress;
  /** Called after each batch, when all before `committed.bytes` is written or in the rejects file. */
  readonly save: (committed: Committed) => Promise<void>;
  /** Aborted: stop after the batch in flight. */
  readonly stop: AbortSignal;
}

interface Row {
  readonly line: number;
  readonly row: unknown;
  readonly operation: BulkOperation;
}

/** Rows read since the last commit. */
interface Batch {
  readonly rows: Row[];
  readonly rejects: Reject[];
}

/** Reads, maps and writes in batches until the input ends or `stop` is aborted. */
export async function runIngest(job: IngestJob): Promise<{ committed: Committed; complete: boolean }> {
  let committed = job.from;
  let batch: Batch = { rows: [], rejects: [] };
  let last: Line | null = null;
  const position = { startByte: committed.bytes, startLine: committed.lines };
  for await (const line of readLines(untilStopped(job), {
    lineBytesMax: limits.bulkLineBytesMax,
    ...position,
  })) {
    if (job.stop.aborted) return { committed, complete: false };
    last = line;
    takeLine(line, job.map, batch);
    if (batch.rows.length + batch.rejects.length < limits.ingestBatchRows) continue;
    committed = await commit(job, batch, committed, line);
    batch = { rows: [], rejects: [] };
  }
  if (job.stop.aborted) return { committed, complete: false };
  if (last !== null && batch.rows.length + batch.rejects.length > 0)
    committed = await commit(job, batch, committed, last);
  return { committed, complete: true };
}

/** The input; a stop closes it, which is no error. */
async function* untilStopped({ input, stop }: IngestJob): AsyncGenerator<Uint8Array | string> {
  try {
    yield* input;
  } catch (error) {
    if (!stop.aborted) throw error;
  }
}

/** Turns a line into a row of the batch or a reject; blank lines are neither. */
function takeLine(line: Line, map: RowMapping, batch: Batch): void {
  if (line.text === null) {
    batch.rejects.push({ line: line.number, reason: line.problem ?? '', path: null, row: null });
    return;
  }
  if (line.text.trim() === '') return;
  let row: unknown;
  try {
    row = JSON.parse(line.text);
  } catch (error) {
    const reason = `the line is not JSON: ${error instanceof Error ? error.message : String(error)}`;
    batch.rejects.push({ line: line.number, reason, path: null, row: line.text });
    return;
  }
  const mapped = map(row);
  if ('reject' in mapped) batch.rejects.push(rejectOf(line.number, mapped.reject, 'no document', row));
  else batch.rows.push({ line: line.number, row, operation: { kind: 'put', document: mapped.document } });
}

/** Writes the batch, then its rejects, then the checkpoint: a crash in between repeats the batch, never skips it. */
async function commit(job: IngestJob, batch: Batch, before: Committed, last: Line): Promise<Committed> {
  const { rows } = batch;
  const outcomes =
    rows.length === 0
      ? []
      : await withRetries(() => job.target.write(rows.map(({ operation }) => operation)), job.stop);
  const refused = rows.flatMap((row, index) => {
    const outcome = outcomes[index];
    if (!(outcome instanceof TriptychError)) return [];
    return [rejectOf(row.line, outcome.fields, outcome.message, row.row)];
  });
  const rejects = [...batch.rejects, ...refused].sort((a, b) => a.line - b.line);
  await job.rejects.append(rejects);
  const committed: Committed = {
    bytes: last.endByte,
    lines: last.number,
    rows: before.rows + rows.length + batch.rejects.length,
    written: before.written + rows.length - refused.length,
    rejected: before.rejected + rejects.length,
    documents: before.documents + outcomes.filter(isNew).length,
  };
  await job.save(committed);
  const count = (value: number): string => value.toLocaleString('en');
  const detail = `${count(committed.written)} documents`;
  job.progress.update(
    committed.bytes,
    committed.rejected > 0 ? `${detail}, ${count(committed.rejected)} rejected` : detail,
  );
  return committed;
}

/** Versions count per id, so the first one is a document that was not there before. */
function isNew(outcome: WriteOutcome): boolean {
  return !(outcome instanceof TriptychError) && outcome.version === 1;
}

/** Repeats what a store may accept later, with growing pauses; a wish to stop ends the pauses. */
async function withRetries<T>(attempt: () => Promise<T>, stop: AbortSignal): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt();
    } catch (error) {
      const again = error instanceof TriptychError && error.retriable && tried < limits.ingestAttemptsMax;
      if (!again || stop.aborted) throw error;
      await sleep(250 * 2 ** tried, undefined, { signal: stop }).catch(() => {});
    }
  }
}
