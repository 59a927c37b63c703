import type { ComposedTriptych, Inspection } from '../compose.ts';
import type { Config } from '../config/schema.ts';
import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { DocumentInput } from '../domain/document.ts';
import type { TenantRules } from '../domain/policy.ts';
import type { ProgressOutput } from '../std/progress.ts';

/** A catalogue that comes with the program. */
export interface DemoSource {
  /** Name of its schema. */
  readonly name: string;
  /** A search that shows what it can do. */
  readonly exampleQuery: string;
  /** Rules and contexts to try it with. */
  readonly rules: TenantRules;
  load(): Promise<{ readonly schema: CatalogueSchema; readonly documents: readonly DocumentInput[] }>;
}

/** All that commands take from outside; tests bring their own. */
export interface Runtime {
  readonly stdout: ProgressOutput;
  readonly stderr: ProgressOutput;
  readonly stdin: AsyncIterable<Uint8Array | string> & { destroy(): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** @throws TriptychError data_dir_locked */
  open(
    config: Config,
    options?: { readonly tenants?: readonly string[]; readonly waitForStores?: boolean },
  ): Promise<ComposedTriptych>;
  readonly demo: DemoSource;
  /** The process that uses the data folder, or null; its URL once it listens. */
  lockHolder(dataDir: string): Promise<{ readonly pid: number; readonly url: string | null } | null>;
  /** Looks for backends and the embedder, without a data folder. */
  inspect(config: Config): Promise<Inspection>;
  exit(code: number): never;
}

export function say(runtime: Runtime, line: string): void {
  runtime.stderr.write(`${line}\n`);
}

/** Colour on a terminal only, and not where NO_COLOR or a dumb terminal asks for none. */
export function wantsColour(runtime: Runtime): boolean {
  return runtime.stderr.isTTY === true && !runtime.env.NO_COLOR && runtime.env.TERM !== 'dumb';
}
