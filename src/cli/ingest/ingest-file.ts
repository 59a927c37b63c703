import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { TriptychError } from '../../errors.ts';
import { rowMapping } from '../../ingest/mapping.ts';
import type { SchemaFile } from '../../ingest/schema-file.ts';
import { Progress } from '../../std/progress.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { readSchemaFile } from '../read-schema-file.ts';
import { type Runtime, say, wantsColour } from '../runtime.ts';
import { onStopSignal, type StopSignal } from '../signals.ts';
import {
  type Checkpoint,
  prefixFingerprint,
  readCheckpoint,
  removeCheckpoint,
  writeCheckpoint,
} from './checkpoint.ts';
import { openTarget } from './open-target.ts';
import type { IngestOptions } from './options.ts';
import { RejectFile } from './reject-file.ts';
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
  readonly from: Checkpoint | null;
}

/** Ingests one file: finds out where to start, runs, and ends with a summary. */
export async function ingestFile(
  runtime: Runtime,
  file: string,
  options: IngestOptions,
  config: Config,
): Promise<ExitCode> {
  const input = await openInput(runtime, file);
  const schemaFile = await readSchemaFile(resolve(runtime.cwd, options.schema), options.schema);
  const target = await openTarget(runtime, config, options, schemaFile.schema);
  try {
    const from = await startingPoint(input, options, schemaFile, target.name);
    const run: Run = { runtime, options, input, schemaFile, target, from };
    if (from !== null) say(runtime, `Continuing after line ${from.lines.toLocaleString('en')}.`);
    else await warnOfLeftOver(run);
    return await ingest(run);
  } finally {
    await target.close();
  }
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

async function warnOfLeftOver({ runtime, target }: Run): Promise<void> {
  const count = await target.leftOver();
  if (count > 0)
    say(
      runtime,
      `warning: an interrupted --replace left ${count.toLocaleString('en')} documents; those that are not in this ` +
        'file stay in the new catalogue.',
    );
}

async function ingest(run: Run): Promise<ExitCode> {
  const { runtime, options, input, schemaFile, target, from } = run;
  const rejectsPath =
    options.rejects ?? (input.path === null ? 'stdin.rejects.ndjson' : `${input.path}.rejects.ndjson`);
  const rejects = await RejectFile.open(resolve(runtime.cwd, rejectsPath), from?.rejectBytes ?? 0);
  const progress = new Progress(runtime.stderr, {
    label: 'ingest',
    total: input.bytes,
    colour: wantsColour(runtime),
    nowMs: () => performance.now(),
  });
  const stop = new AbortController();
  let signal: StopSignal = 'SIGINT';
  const release = onStopSignal(
    (received) => {
      signal = received;
      stop.abort();
      runtime.stdin.destroy();
      say(runtime, '\nStopping after the batch in flight; once more to stop at once.');
    },
    (received) => runtime.exit(stoppedBy(received)),
  );
  const startedMs = performance.now();
  const start: Committed = from ?? nothingCommitted;
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
    printSummary(runtime, { ...run, rejects, start, committed, complete, live, seconds });
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

async function saveCheckpoint(run: Run, rejects: RejectFile, committed: Committed): Promise<void> {
  const { input, options, schemaFile, target } = run;
  if (input.path === null) return;
  const { bytes, lines, rows, written, rejected } = committed;
  await writeCheckpoint(input.path, {
    version: 1,
    target: target.name,
    replace: options.replace ?? false,
    schema: schemaFingerprint(schemaFile),
    ...{ bytes, lines, rows, written, rejected },
    rejectBytes: rejects.bytes,
    prefix: await prefixFingerprint(input.path, bytes),
  });
}

function schemaFingerprint(schemaFile: SchemaFile): string {
  return createHash('sha256').update(JSON.stringify(schemaFile)).digest('hex');
}
