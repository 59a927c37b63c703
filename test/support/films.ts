import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { DocumentInput } from '../../src/domain/document.ts';
import { rowMapping } from '../../src/ingest/mapping.ts';
import { parseSchemaFile, type SchemaFile } from '../../src/ingest/schema-file.ts';

/** Tests and benches run in the repository's root; benches are compiled into another folder. */
const root = pathToFileURL(`${process.cwd()}/`);
const folder = new URL('../shared/data/films/', root);
/** The folder as a path; it need not exist. */
export const filmsFolder = fileURLToPath(folder);

const schemaUrl = new URL('examples/films.schema.json', root);

/** One row of films.json with its recorded vector. */
export interface Film {
  readonly id: number;
  readonly title: string;
  readonly overview: string;
  readonly embedding: Float32Array;
  readonly row: Readonly<Record<string, unknown>>;
}

let warned = false;

/** Whether the 2,512 films lie beside the repository; says once why what needs them is skipped. */
export function filmsAvailable(): boolean {
  const available = existsSync(new URL('films.json', folder));
  if (!available && !warned) process.stderr.write('skipped: ../shared/data/films is not there\n');
  warned ||= !available;
  return available;
}

/** The rows in the order of the file. */
export function readFilms(): Film[] {
  const rows = JSON.parse(readFileSync(new URL('films.json', folder), 'utf8')) as Record<string, unknown>[];
  const ids = JSON.parse(readFileSync(new URL('ids.json', folder), 'utf8')) as number[];
  const vectors = floatsOf(readFileSync(new URL('embeddings_2512x512.f32', folder)));
  const dimension = vectors.length / ids.length;
  const position = new Map(ids.map((id, index) => [id, index]));
  return rows.map((row) => {
    const at = position.get(row.id as number)! * dimension;
    return {
      id: row.id as number,
      title: row.title as string,
      overview: row.overview as string,
      embedding: vectors.subarray(at, at + dimension),
      row,
    };
  });
}

/** examples/films.schema.json, which fits these rows. */
export function filmsSchema(): SchemaFile {
  return parseSchemaFile(readFileSync(schemaUrl, 'utf8'));
}

/** The films as documents, mapped by the example schema; a row that does not map is an error here. */
export function filmDocuments(): DocumentInput[] {
  const map = rowMapping(filmsSchema());
  return readFilms().map(({ id, row, embedding }) => {
    const mapped = map({ ...row, embedding: Array.from(embedding) });
    if ('reject' in mapped) throw new Error(`film ${id}: ${JSON.stringify(mapped.reject)}`);
    return mapped.document;
  });
}

/** The same rows as NDJSON lines, as scripts/films-to-ndjson.mjs writes them. */
export function* filmLines(): Generator<string> {
  for (const { row, embedding } of readFilms()) {
    const b64 = Buffer.from(embedding.buffer, embedding.byteOffset, embedding.byteLength).toString('base64');
    yield JSON.stringify({ ...row, embedding: { b64 } });
  }
}

/** A Buffer of the pool may start anywhere; f32 needs a multiple of 4. */
function floatsOf(bytes: Buffer): Float32Array {
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
