import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { TriptychError } from '../../errors.ts';
import { rowMapping } from '../../ingest/mapping.ts';
import type { SchemaFile } from '../../ingest/schema-file.ts';
import type { Progress } from '../../std/progress.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { progressOf } from '../long-step.ts';
import { readSchemaFile } from '../read-schema-file.ts';
import { type Runtime, say } from '../runtime.ts';
import { onStopSignal, type StopSignal } from '../signals.ts';
import {
  type Checkpoint,
  checkpointPath,
  prefixFingerprint,
  readCheckpoint,
  removeCheckpoint,
  writeCheckpoint,
} from './checkpoint.ts';
import { dataIsGone, folderName, openTarget } from './open-target.ts';
import type { IngestOptions } from './options.ts';
import { RejectFile, refuseToReject } from './reject-file.ts';
import { type Committed, nothingCommitted, runIngest } from './run-ingest.ts';
import { printSummary } from './summary.ts';
import type { IngestTarget } from './target.ts';

/** The input: a file, which can be continued, or standard input, which cannot. */
interface Input {
  readonly path: string | null;
  readonly bytes: number | null;
}

/** Everything about one run that does not change while it runs. */
interface Run {
  readonly runtime: Runtime;
  readonly options: IngestOptions;
  readonly input: Input;
  readonly schemaFile: SchemaFile;
  readonly target: IngestTarget;
  readonly start: Committed;
  readonly rejectsPath: string;
  /** Bytes of the rejects file that belong to what is committed already. */
  readonly rejectBytes: number;
}

/** Ingests one file: finds out where to start, runs, and ends with a summary. */
export async function ingestFile(
  runtime: Runtime,
  file: string,
  options: IngestOptions,
  config: Config,
): Promise<ExitCode> {
  const input = await openInput(runtime, file);
  const schemaPath = resolve(runtime.cwd, options.schema);
  const rejectsPath = rejectsPathOf(runtime, options, input);
  await refuseToReject(rejectsPath, {
    'the input': input.path,
    'the schema file': schemaPath,
    'where the progress of the run is kept': input.path === null ? null : checkpointPath(input.path),
  });
  const schemaFile = await readSchemaFile(schemaPath, options.schema);
  const from = await startingPoint(input, options, schemaFile, options.url ?? folderName(config, options));
  const target = await openTarget(runtime, config, options, schemaFile.schema, from);
  try {
    if (from !== null && target.generation !== from.generation)
      throw dataIsGone(`generation ${from.generation} of the catalogue, this is ${target.generation}`);
    const count = await countOf(runtime, target, from?.documents ?? 0);
    if (from === null) warnOfLeftOver(runtime, target, count);
    else {
      if (count < from.documents)
        throw dataIsGone(`a catalogue that then held ${from.documents} documents, now ${count}`);
      say(runtime, `Continuing after line ${from.lines.toLocaleString('en')}.`);
    }
    const start = from ?? nothingCommitted(count);
    return await ingest({
      runtime,
      options,
      input,
      schemaFile,
      target,
      start,
      rejectsPath,
      rejectBytes: from?.rejectBytes ?? 0,
    });
  } finally {
    await target.close();
  }
}

/** What a server still has to show of an earlier run may take as long as that run did. */
async function countOf(runtime: Runtime, target: IngestTarget, expected: number): Promise<number> {
  const progress = progressOf(runtime, 'waiting', expected);
  try {
    return await target.count(expected, { onDocuments: shown(progress), stop: new AbortController().signal });
  } finally {
    progress.finish();
  }
}

function shown(progress: Progress): (count: number) => void {
  return (count) => progress.update(count, `${count.toLocaleString('en')} documents are searchable`);
}

function rejectsPathOf(runtime: Runtime, options: IngestOptions, input: Input): string {
  const path =
    options.rejects ?? (input.path === null ? 'stdin.rejects.ndjson' : `${input.path}.rejects.ndjson`);
  return resolve(runtime.cwd, path);
}

async function openInput(runtime: Runtime, file: string): Promise<Input> {
  if (file === '-') return { path: null, bytes: null };
  const path = resolve(runtime.cwd, file);
  const found = await stat(path).catch(() => null);
  if (found === null) throw new TriptychError('not_found', `${file} does not exist`);
  if (!found.isFile()) throw new TriptychError('not_found', `${file} is not a file`);
  return { path, bytes: found.size };
}

/** The checkpoint to continue from, or null. @throws TriptychError invalid_settings if it belongs to another run */
async function startingPoint(
  input: Input,
  options: IngestOptions,
  schemaFile: SchemaFile,
  target: string,
): Promise<Checkpoint | null> {
  if (input.path === null || options.restart) return null;
  const found = await readCheckpoint(input.path);
  if (found === null) return null;
  const differences = [
    found.target !== target && `it wrote to ${found.target}`,
    found.schema !== schemaFingerprint(schemaFile) && 'the schema file has changed since',
    found.replace !== (options.replace ?? false) && `it ran ${found.replace ? 'with' : 'without'} --replace`,
    found.prefix !== (await prefixFingerprint(input.path, found.bytes)) &&
      'the part it wrote has changed since',
  ].filter((difference) => difference !== false);
  if (differences.length === 0) return found;
  throw new TriptychError(
    'invalid_settings',
    `An earlier run on this file was interrupted, and this one differs: ${differences.join(', ')}. ` +
      'Repeat the earlier command, or start over with --restart.',
  );
}

function warnOfLeftOver(runtime: Runtime, target: IngestTarget, count: number): void {
  if (target.staged && count > 0)
    say(
      runtime,
      `warning: an interrupted --replace left ${count.toLocaleString('en')} documents; those that are not in this ` +
        'file stay in the new catalogue.',
    );
}

async function ingest(run: Run): Promise<ExitCode> {
  const { runtime, input, schemaFile, target, start } = run;
  const rejects = await RejectFile.open(run.rejectsPath, run.rejectBytes);
  const progress = progressOf(runtime, 'ingest', input.bytes);
  const stop = new AbortController();
  let signal: StopSignal = 'SIGINT';
  const release = onStopSignal(
    (received) => {
      signal = received;
      stop.abort();
      runtime.stdin.destroy();
      say(runtime, '\nStopping after what is in flight; once more to stop at once.');
    },
    (received) => runtime.exit(stoppedBy(received)),
  );
  const startedMs = performance.now();
  try {
    const stream = input.path === null ? runtime.stdin : createReadStream(input.path, { start: start.bytes });
    const save = (committed: Committed): Promise<void> => saveCheckpoint(run, rejects, committed);
    const map = rowMapping(schemaFile);
    const { committed, complete } = await runIngest({
      ...{ input: stream, from: start, map, target, rejects, progress, save },
      stop: stop.signal,
    });
    progress.finish();
    const live = complete && (await makeLive(run, committed));
    const seconds = (performance.now() - startedMs) / 1000;
    const searchable = live && (await waitUntilSearchable(run, committed, stop.signal));
    printSummary(runtime, { ...run, rejects, committed, complete, live, searchable, seconds });
    if (!complete) return stoppedBy(signal);
    return committed.rejected > 0 ? exitCodes.rejects : exitCodes.ok;
  } finally {
    progress.finish();
    release();
    await rejects.close();
  }
}

function stoppedBy(signal: StopSignal): ExitCode {
  return signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated;
}

/** Finishes the target unless a replacement is too poor to swap in; the checkpoint stays then. */
async function makeLive(run: Run, committed: Committed): Promise<boolean> {
  const { options, input, target } = run;
  if (target.staged && (committed.written === 0 || (committed.rejected > 0 && !options.acceptRejects)))
    return false;
  await target.finish();
  if (input.path !== null) await removeCheckpoint(input.path);
  return true;
}

/** Whether searches see what was written; a wish to stop ends the wait, and what is committed stays so. */
async function waitUntilSearchable(run: Run, { documents }: Committed, stop: AbortSignal): Promise<boolean> {
  const progress = progressOf(run.runtime, 'searchable', documents);
  try {
    return await run.target.searchable(documents, { onDocuments: shown(progress), stop });
  } finally {
    progress.finish();
  }
}

async function saveCheckpoint(run: Run, rejects: RejectFile, committed: Committed): Promise<void> {
  const { input, options, schemaFile, target } = run;
  if (input.path === null) return;
  const { bytes, lines, rows, written, rejected, documents } = committed;
  await writeCheckpoint(input.path, {
    version: 2,
    target: target.name,
    replace: options.replace ?? false,
    schema: schemaFingerprint(schemaFile),
    ...{ generation: target.generation, staged: target.staged, documents },
    ...{ bytes, lines, rows, written, rejected },
    rejectBytes: rejects.bytes,
    prefix: await prefixFingerprint(input.path, bytes),
  });
}

function schemaFingerprint(schemaFile: SchemaFile): string {
  return createHash('sha256').update(JSON.stringify(schemaFile)).digest('hex');
}
