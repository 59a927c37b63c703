import { Progress } from '../std/progress.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { type Runtime, wantsColour } from './runtime.ts';
import { onStopSignal, type StopSignal } from './signals.ts';

/** What a long step is given. */
export interface StepWatch {
  readonly progress: Progress;
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
}

/** Progress for one long step of a command, with a bar on a terminal. */
export function progressOf(runtime: Runtime, label: string, total: number | null): Progress {
  const nowMs = (): number => performance.now();
  return new Progress(runtime.stderr, { label, total, colour: wantsColour(runtime), nowMs });
}

/**
 * Runs a step that can be stopped, with progress.
 * @param total what 100 % is, in the unit of the progress; null: unknown
 * @returns the code to end with: that of the signal, where one ended it
 */
export async function longStep(
  runtime: Runtime,
  label: string,
  total: number | null,
  work: (watch: StepWatch) => Promise<void>,
): Promise<ExitCode> {
  const progress = progressOf(runtime, label, total);
  const stop = new AbortController();
  let code: ExitCode = exitCodes.ok;
  const ended = (signal: StopSignal): ExitCode =>
    signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated;
  const release = onStopSignal(
    (signal) => {
      code = ended(signal);
      stop.abort();
    },
    (signal) => runtime.exit(ended(signal)),
  );
  try {
    await work({ progress, signal: stop.signal });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    progress.finish();
    release();
  }
  return code;
}
