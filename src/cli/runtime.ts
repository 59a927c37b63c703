import type { Config } from '../config/schema.ts';
import type { Triptych } from '../ports/triptych.ts';
import type { ProgressOutput } from '../std/progress.ts';

/** The service of this process and what it is made of. */
export interface OpenTriptych {
  readonly service: Triptych;
  /** What is in use, in words: `stores`, `embedder`, `scorer`, ... */
  readonly parts: Readonly<Record<string, string>>;
}

export interface Listening {
  readonly url: string;
  /** Refuses new requests, finishes those in flight, closes the stores. */
  close(): Promise<void>;
}

/** All that commands take from outside; tests bring their own. */
export interface Runtime {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: ProgressOutput;
  readonly stdin: AsyncIterable<Uint8Array | string> & { destroy(): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** @throws TriptychError data_dir_locked */
  open(config: Config): Promise<OpenTriptych>;
  listen(open: OpenTriptych, config: Config): Promise<Listening>;
  /** The process that uses the data folder, or null; its URL once it listens. */
  lockHolder(dataDir: string): Promise<{ readonly pid: number; readonly url: string | null } | null>;
  exit(code: number): never;
}

export function say(runtime: Runtime, line: string): void {
  runtime.stderr.write(`${line}\n`);
}

/** Colour on a terminal only, and not where NO_COLOR or a dumb terminal asks for none. */
export function wantsColour(runtime: Runtime): boolean {
  return runtime.stderr.isTTY === true && !runtime.env.NO_COLOR && runtime.env.TERM !== 'dumb';
}
