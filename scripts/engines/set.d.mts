export interface EngineSet {
  /** Data, passwords, pid files and logs of this set. */
  readonly folder: string;
  /** What is installed; shared by all sets. */
  readonly programs: string;
  /** The set's port for a usual one. */
  port(base: number): number;
  /** A password of the set, made at the first call and kept. */
  secret(name: string): string;
  /** Takes lines of progress. */
  say(line: string): void;
}

export function openSet(options?: {
  readonly dir?: string | undefined;
  readonly portOffset?: number;
  readonly say?: (line: string) => void;
}): EngineSet;
