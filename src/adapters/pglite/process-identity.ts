import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process, told from a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it began, as the system tells it; empty where it does not. */
  readonly startTime: string;
  /** Where the pid means something: the boot and pid namespace on Linux, else the host. */
  readonly space: string;
}

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startTime: statusOf(process.pid)?.startTime ?? '', space: pidSpace() };
}

/** Whether the process is alive; null when that cannot be seen from here (another host or container). */
export function isRunning(identity: ProcessIdentity): boolean | null {
  if (identity.space !== pidSpace()) return null;
  if (!exists(identity.pid)) return false;
  const status = statusOf(identity.pid);
  if (status === null) return true;
  // A zombie has ended and only waits for its parent to notice.
  if (status.state === 'Z' || status.state === 'X') return false;
  return identity.startTime === '' || status.startTime === identity.startTime;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to someone else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Fields 3 and 22 of /proc/PID/stat (proc(5)): state, and start in clock ticks since boot; null without /proc. */
function statusOf(pid: number): { readonly state: string; readonly startTime: string } | null {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in field 2 may hold anything, so count from its closing bracket.
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', startTime: fields[19] ?? '' };
  } catch {
    return null;
  }
}

function pidSpace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}
