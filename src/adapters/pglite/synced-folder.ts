import { closeSync, fsyncSync, openSync } from 'node:fs';
import type { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';

/** The part of Emscripten's file system on a folder that is used here. */
interface FolderStream {
  /** File descriptor; absent for directories. */
  readonly nfd?: number;
  readonly node: unknown;
}

interface FolderModule {
  readonly FS: {
    readonly filesystems: {
      readonly NODEFS: {
        realPath(node: unknown): string;
        readonly stream_ops: { fsync?: (stream: FolderStream) => number };
      };
    };
  };
}

/**
 * A folder whose files the engine really flushes. Without this PGlite's fsync calls end in nothing: a commit would
 * survive the end of the process but not of the machine.
 */
export class SyncedFolder extends NodeFS {
  /** Flushes since the folder was opened. */
  syncs = 0;

  override async init(...args: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(...args);
    const hook = (module: FolderModule): void => {
      const folder = module.FS.filesystems.NODEFS;
      folder.stream_ops.fsync = (stream) => {
        this.syncs += 1;
        if (stream.nfd === undefined) syncDirectory(folder.realPath(stream.node));
        else fsyncSync(stream.nfd);
        return 0;
      };
    };
    const preRun = [...(emscriptenOpts.preRun ?? []), hook as unknown as (module: unknown) => void];
    return { emscriptenOpts: { ...emscriptenOpts, preRun } as typeof emscriptenOpts };
  }
}

/** Flushes the entries of a directory, where the system lets one. */
function syncDirectory(path: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Engine parameters with flushing on, through the one call that reaches the hook above. */
export function syncedStartParameters(defaults: typeof PGlite.defaultStartParams): string[] {
  return [...defaults.filter((parameter) => parameter !== '-F'), '-c', 'wal_sync_method=fsync'];
}
