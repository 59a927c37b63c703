export function runningPid(pidFile: string): number | null;
export function isAlive(pid: number): boolean;
/** A process and all that descend from it, parents first. */
export function processTree(pid: number): number[];
export function signalTree(pid: number, signal: NodeJS.Signals): void;
export function untilAnswered<T>(
  ask: () => Promise<T>,
  options: { readonly withinMs: number; readonly alive?: () => boolean; readonly everyMs?: number },
): Promise<T>;
export function portTaken(port: number): Promise<boolean>;
