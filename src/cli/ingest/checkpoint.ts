import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';

const checkpointSchema = z.strictObject({
  version: z.literal(2),
  /** Data folder or URL. */
  target: z.string(),
  replace: z.boolean(),
  /** Where the rows went: the generation, and whether it stood beside the live one. */
  generation: z.int().min(1),
  staged: z.boolean(),
  /** Documents that the generation held at least after the last committed batch. */
  documents: z.int().min(0),
  /** Fingerprint of the compiled schema file. */
  schema: z.string(),
  /** Bytes and lines of the file that are committed, and what became of its rows. */
  bytes: z.int().min(0),
  lines: z.int().min(0),
  rows: z.int().min(0),
  written: z.int().min(0),
  rejected: z.int().min(0),
  /** Length of the rejects file at that moment. */
  rejectBytes: z.int().min(0),
  /** Fingerprint of those bytes, so that a changed file is not continued. */
  prefix: z.string(),
});

/** How far an ingest came: everything before `bytes` is committed. */
export type Checkpoint = z.output<typeof checkpointSchema>;

export const checkpointPath = (file: string): string => `${file}.ingest.json`;

/** The checkpoint beside `file`, or null; one that cannot be read counts as absent. */
export async function readCheckpoint(file: string): Promise<Checkpoint | null> {
  try {
    const parsed = checkpointSchema.safeParse(JSON.parse(await readFile(checkpointPath(file), 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Replaces the checkpoint in one step, so that a crash leaves the old or the new one. */
export async function writeCheckpoint(file: string, checkpoint: Checkpoint): Promise<void> {
  const path = checkpointPath(file);
  await writeFile(`${path}.new`, `${JSON.stringify(checkpoint)}\n`);
  await rename(`${path}.new`, path);
}

export async function removeCheckpoint(file: string): Promise<void> {
  await rm(checkpointPath(file), { force: true });
}

const sampleBytes = 64 << 10;

/** SHA-256 over the first and the last 64 KiB of the first `bytes` bytes of the file. */
export async function prefixFingerprint(file: string, bytes: number): Promise<string> {
  const handle = await open(file);
  try {
    const length = Math.min(bytes, sampleBytes);
    const digest = createHash('sha256').update(String(bytes));
    digest.update(await readAt(handle, 0, length));
    digest.update(await readAt(handle, bytes - length, length));
    return digest.digest('hex');
  } finally {
    await handle.close();
  }
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
