import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** One file of the built page, as it is sent. */
export interface PageFile {
  readonly contentType: string;
  readonly body: Buffer;
  /** Strong, of the content. */
  readonly etag: string;
}

/** The built playground: the page, and what it loads by the name that stands in `/assets/NAME`. */
export interface PageFiles {
  readonly page: PageFile;
  readonly assets: ReadonlyMap<string, PageFile>;
}

/** Where `npm run build` puts the page; the same from src/http and from dist/http. */
const builtFolder = fileURLToPath(new URL('../../dist/playground/', import.meta.url));

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * Reads the built page into memory, once: what is not in it cannot be asked for, whatever the path. null where the
 * package was built without it. Files of other types than the page is made of are left out.
 */
export function readPageFiles(folder: string = builtFolder): PageFiles | null {
  const page = readPageFile(path.join(folder, 'index.html'));
  if (page === null) return null;
  const assetsFolder = path.join(folder, 'assets');
  const assets = new Map<string, PageFile>();
  for (const name of namesIn(assetsFolder)) {
    const file = readPageFile(path.join(assetsFolder, name));
    if (file !== null) assets.set(name, file);
  }
  return { page, assets };
}

function readPageFile(file: string): PageFile | null {
  const contentType = contentTypes[path.extname(file)];
  if (contentType === undefined) return null;
  try {
    const body = readFileSync(file);
    return { contentType, body, etag: `"${createHash('sha256').update(body).digest('base64url')}"` };
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
