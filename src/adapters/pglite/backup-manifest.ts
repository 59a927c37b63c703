import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';

/** Relative, downwards only: a manifest must not lead out of its folder. */
const path = z
  .string()
  .min(1)
  .max(1_024)
  .regex(/^(?!\/)(?!.*\\)(?!(?:.*\/)?\.{1,2}(?:\/|$)).+$/);

const manifestSchema = z.strictObject({
  format: z.literal(1),
  /** Version of the program that wrote it. */
  triptych: z.string(),
  created_at: z.iso.datetime(),
  folders: z.array(path).max(limits.backupFilesMax),
  files: z
    .array(
      z.strictObject({
        path,
        bytes: z.int().min(0),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .min(1)
    .max(limits.backupFilesMax),
});

/** What a backup holds, and how to tell that it still does. */
export type BackupManifest = z.output<typeof manifestSchema>;

const fileName = 'backup.json';

export function manifestPath(folder: string): string {
  return join(folder, fileName);
}

/** The manifest of the backup in a folder. @throws TriptychError not_found | unavailable */
export async function readManifest(folder: string): Promise<BackupManifest> {
  const own = manifestPath(folder);
  const found = await stat(own).catch(() => null);
  if (found === null)
    throw new TriptychError('not_found', `${folder} is no backup: there is no ${fileName} in it`);
  if (found.size > limits.backupManifestBytesMax)
    throw damaged(`${own} has more than ${limits.backupManifestBytesMax} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(own, 'utf8'));
  } catch (cause) {
    throw new TriptychError('unavailable', `the backup is damaged: ${own} is not JSON`, { cause });
  }
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined;
  if (Number.isInteger(format) && format !== 1)
    throw new TriptychError('data_too_new', `${own} has the format ${String(format)}, this version knows 1`);
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) throw damaged(`${own} does not say what the backup holds`);
  return parsed.data;
}

/** @param what is wrong */
export function damaged(what: string): TriptychError {
  return new TriptychError('unavailable', `the backup is damaged: ${what}`);
}
