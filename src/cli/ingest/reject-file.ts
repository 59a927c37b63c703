import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { type FieldProblem, TriptychError } from '../../errors.ts';

/** A row that was not written, and why. */
export interface Reject {
  /** Line of the input, from 1. */
  readonly line: number;
  readonly reason: string;
  /** JSON path of the first problem; null where the whole line is wrong. */
  readonly path: string | null;
  /** The row as it was read: JSON, or the text that is not JSON; null when it was too long to keep. */
  readonly row: unknown;
}

/** `message` is used when no field is to blame. */
export function rejectOf(
  line: number,
  problems: readonly FieldProblem[],
  message: string,
  row: unknown,
): Reject {
  const reason = problems.map((problem) => `${problem.path}: ${problem.message}`).join('; ');
  return { line, reason: reason || message, path: problems[0]?.path ?? null, row };
}

/**
 * A run deletes the rejects of the run before it, so the path must not be a file that is read or kept.
 * @throws TriptychError invalid_settings
 */
export async function refuseToReject(
  path: string,
  kept: Readonly<Record<string, string | null>>,
): Promise<void> {
  for (const [what, other] of Object.entries(kept)) {
    if (other === null || !(await isSameFile(path, other))) continue;
    throw new TriptychError('invalid_settings', 'The rejects file is in use', {
      fields: [{ path: '--rejects', message: `${path} is ${what}; name another file` }],
    });
  }
}

/** Also when it goes by another name: a link, or other letters on a disk that takes them as equal. */
async function isSameFile(a: string, b: string): Promise<boolean> {
  if (a === b) return true;
  const [left, right] = await Promise.all(
    [a, b].map((path) => stat(path, { bigint: true }).catch(() => null)),
  );
  return left != null && right != null && left.dev === right.dev && left.ino === right.ino;
}

/** NDJSON of rejected rows; the file is there only if a row was rejected. */
export class RejectFile {
  readonly path: string;
  #bytes: number;
  #handle: FileHandle | null = null;

  private constructor(path: string, bytes: number) {
    this.path = path;
    this.#bytes = bytes;
  }

  /** Keeps the first `bytes` bytes of an interrupted run; what came after them was not committed. */
  static async open(path: string, bytes: number): Promise<RejectFile> {
    if (bytes === 0) {
      await rm(path, { force: true });
      return new RejectFile(path, 0);
    }
    const handle = await open(path, 'a');
    const kept = Math.min(bytes, (await handle.stat()).size);
    await handle.truncate(kept);
    const file = new RejectFile(path, kept);
    file.#handle = handle;
    return file;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async append(rejects: readonly Reject[]): Promise<void> {
    if (rejects.length === 0) return;
    this.#handle ??= await open(this.path, 'a');
    const lines = Buffer.from(rejects.map((reject) => `${JSON.stringify(reject)}\n`).join(''));
    await this.#handle.appendFile(lines);
    this.#bytes += lines.length;
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }
}
