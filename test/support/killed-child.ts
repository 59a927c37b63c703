import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';

/**
 * When a child is killed: some time after its start, or after it said some lines from `ready` on and some time more.
 * Lines, not time alone, so that a busy machine kills as many writes under way as an idle one.
 */
export type Kill =
  | { readonly from: 'start'; readonly afterMs: number }
  | { readonly from: 'ready'; readonly afterLines: number; readonly afterMs: number };

/** Runs Node with these arguments until it is killed, and hands on what it says, line by line. */
export async function runUntilKilled(
  command: readonly string[],
  kill: Kill,
  hear: (line: string) => void,
): Promise<void> {
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once('close', (_, signal) => resolve(signal)),
  );
  const killSoon = () => void delay(kill.afterMs).then(() => child.kill('SIGKILL'));
  let linesLeft = kill.from === 'ready' ? kill.afterLines : Number.POSITIVE_INFINITY;
  let ready = false;
  if (kill.from === 'start') killSoon();
  for await (const line of createInterface({ input: child.stdout })) {
    hear(line);
    ready ||= line === 'ready';
    if (ready && linesLeft-- === 0) killSoon();
  }
  expect(await ended, errors).toBe('SIGKILL');
}
