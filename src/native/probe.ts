import { execFile } from 'node:child_process';
import { limits } from '../limits.ts';
import { addonPath } from './load.ts';

export interface Probe {
  /** Path of the shared object. */
  readonly library: string;
  /** What backendOpen takes: the ordinal of a device. */
  readonly variant: string;
  /** The built addon, unless named. */
  readonly addon?: string;
  readonly timeoutMs?: number;
}

/** What runs, or in one line why it cannot. */
export type ProbedLibrary = { readonly variant: string } | { readonly reason: string };

/** Answers on standard output; a driver may write there, too, so the answer is marked. */
const script = `
const [addon, library, variant] = process.argv.slice(1);
const answer = (value) => process.stdout.write('\\n#' + JSON.stringify(value) + '\\n');
try {
  const native = require(addon);
  native.start({ threads: 1, queueMax: 1 });
  answer({ variant: native.backendOpen(library, variant).variant });
} catch (error) {
  answer({ reason: error.message });
}`;

/**
 * Opens a scoring library in a process of its own: a driver that crashes, hangs or writes to memory of others' takes
 * that process with it and not this one. Never throws.
 */
export function probeLibrary({
  library,
  variant,
  addon = addonPath,
  timeoutMs = limits.nativeProbeMsMax,
}: Probe): Promise<ProbedLibrary> {
  const options = { timeout: timeoutMs, killSignal: 'SIGKILL', windowsHide: true } as const;
  return new Promise((resolve) => {
    execFile(process.execPath, ['-e', script, addon, library, variant], options, (error, stdout) => {
      resolve(answerOf(stdout) ?? { reason: failureOf(error, timeoutMs) });
    });
  });
}

function answerOf(stdout: string): ProbedLibrary | null {
  const line = stdout.split('\n').find((one) => one.startsWith('#'));
  return line === undefined ? null : (JSON.parse(line.slice(1)) as ProbedLibrary);
}

/** What a process that did not answer ended with. */
function failureOf(
  error: { readonly killed?: boolean; readonly signal?: string | null; readonly code?: unknown } | null,
  timeoutMs: number,
): string {
  if (error?.killed === true) return `opening it did not end within ${timeoutMs} ms`;
  if (typeof error?.signal === 'string') return `opening it ends the process with ${error.signal}`;
  return `opening it ends the process with code ${String(error?.code ?? 0)}`;
}
