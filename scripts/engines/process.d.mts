/** Starts a server that outlives this process. @returns its pid, which is in the pid file too */
export function startServer(
  command: string,
  args: readonly string[],
  options: {
    readonly pidFile: string;
    readonly logFile: string;
    readonly cwd?: string;
    readonly env?: NodeJS.ProcessEnv;
  },
): Promise<number>;
/** @returns whether one ran */
export function stopServer(
  pidFile: string,
  options?: { readonly signal?: NodeJS.Signals; readonly graceMs?: number },
): Promise<boolean>;
export function runningPid(pidFile: string): number | null;
export function isAlive(pid: number): boolean;
/** A process and all that descend from it, parents first. */
export function processTree(pid: number): number[];
export function signalTree(pid: number, signal: NodeJS.Signals): void;
/** Ends a process and all that descend from it at once, and waits until they are gone. */
export function killTree(pid: number): Promise<void>;
export function untilAnswered<T>(
  ask: () => Promise<T>,
  options: { readonly withinMs: number; readonly alive?: () => boolean; readonly everyMs?: number },
): Promise<T>;
export function portTaken(port: number): Promise<boolean>;
