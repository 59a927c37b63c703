import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** A server in a process of its own, so that its memory is its own. */
export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** Asks it to stop, and resolves when it has ended. */
  stop(): Promise<void>;
}

/** Starts one on a data folder and resolves once it is ready. */
export async function startServer(
  dataDir: string,
  embedder: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ServerProcess> {
  const args = ['serve', '--json', '--port', '0', '--no-demo', '--data-dir', dataDir, '--embedder', embedder];
  const child = spawn(process.execPath, ['dist/cli/main.js', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  });
  const stop = async (): Promise<void> => {
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    await ended;
  };
  const { url } = JSON.parse(await firstLine(child)) as { url: string };
  return { url, pid: child.pid!, stop };
}

/** Resident memory of a process of this Linux machine, MiB. */
export function residentMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]) / 1_024);
}

async function firstLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) return line;
  throw new Error('the server ended before it was ready');
}
