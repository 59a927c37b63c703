import { type Runtime, say } from '../runtime.ts';
import type { IngestOptions } from './options.ts';
import type { RejectFile } from './reject-file.ts';
import type { Committed } from './run-ingest.ts';
import type { IngestTarget } from './target.ts';

interface Ended {
  readonly options: IngestOptions;
  readonly target: IngestTarget;
  readonly input: { readonly path: string | null };
  readonly rejects: RejectFile;
  /** What earlier runs had committed, and what is committed now. */
  readonly start: Committed;
  readonly committed: Committed;
  /** The input was read to its end. */
  readonly complete: boolean;
  /** The rows are in the live catalogue. */
  readonly live: boolean;
  /** Searches see them. */
  readonly searchable: boolean;
  readonly seconds: number;
}

/** The summary as data, and in words what to do next if anything is left to do. */
export function printSummary(runtime: Runtime, ended: Ended): void {
  const { options, target, input, rejects, start, committed, complete, live, searchable, seconds } = ended;
  const rate = Math.round((committed.written - start.written) / Math.max(seconds, 0.001));
  const rejectsPath = committed.rejected > 0 ? rejects.path : null;
  if (options.json) {
    const summary = {
      target: target.name,
      read: committed.rows,
      written: committed.written,
      rejected: committed.rejected,
      rejects: rejectsPath,
      ...{ complete, live, searchable, lines: committed.lines, continued_after_line: start.lines },
      seconds: Number(seconds.toFixed(3)),
      documents_per_second: rate,
    };
    runtime.stdout.write(`${JSON.stringify(summary)}\n`);
  } else {
    const [read, written, rejected] = [committed.rows, committed.written, committed.rejected].map((count) =>
      count.toLocaleString('en'),
    );
    runtime.stdout.write(
      `${read} read, ${written} written, ${rejected} rejected, ${rate.toLocaleString('en')} documents/s\n`,
    );
  }
  if (rejectsPath !== null) say(runtime, `Rejected rows and reasons: ${rejectsPath}`);
  if (!complete)
    say(
      runtime,
      input.path === null
        ? `Stopped after line ${committed.lines}. Standard input cannot be continued.`
        : `Stopped after line ${committed.lines}. The same command continues there; --restart starts over.`,
    );
  else if (!live)
    say(
      runtime,
      committed.written === 0
        ? 'No row was written, so the present catalogue stays.'
        : 'Rows were rejected, so the present catalogue stays. Mend them and run again with --restart, or add ' +
            '--accept-rejects to swap without them.',
    );
  else if (!searchable)
    say(
      runtime,
      'All of it is written; the server has yet to show some of it to searches, which goes on by itself.',
    );
}
