import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';

/** Tests and benches run in the repository's root; benches are compiled into another folder. */
const child = 'test/support/faults/full-backlog-child.mjs';

/** A connection of this machine is there within this time, or the queue is full. */
const connectMsMax = 250;
const connectionsMax = 16;

/**
 * A port on which connecting hangs: no proxy can drop a SYN, but a listener whose queue is full makes the kernel do it.
 * Nobody may listen there yet.
 */
export async function openFullBacklog(port: number): Promise<{ close(): Promise<void> }> {
  const listener = fork(child, [String(port)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  await Promise.race([once(listener, 'message'), failsWith(listener)]);
  const taken: Socket[] = [];
  const close = async (): Promise<void> => {
    for (const socket of taken) socket.destroy();
    if (listener.exitCode !== null || listener.signalCode !== null) return;
    listener.kill('SIGKILL');
    await once(listener, 'exit');
  };
  while (taken.length < connectionsMax) {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.on('error', () => {});
    taken.push(socket);
    if (!(await connects(socket))) return { close };
  }
  await close();
  throw new Error(`the queue of port ${port} was not full after ${connectionsMax} connections`);
}

async function failsWith(listener: ChildProcess): Promise<never> {
  const [code] = await once(listener, 'exit');
  throw new Error(`the listener ended with ${code}: is the port taken?`);
}

function connects(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), connectMsMax);
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
