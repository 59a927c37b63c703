// Turns a folder of films (films.json, ids.json, embeddings_*.f32) into NDJSON rows for
// `triptych ingest --schema examples/films.schema.json`: one film a line, its vector as {"b64": little-endian f32}.
//   node scripts/films-to-ndjson.mjs FOLDER > films.ndjson
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: node scripts/films-to-ndjson.mjs FOLDER > films.ndjson\n');
  process.exit(2);
}
const films = JSON.parse(readFileSync(path.join(folder, 'films.json'), 'utf8'));
const ids = JSON.parse(readFileSync(path.join(folder, 'ids.json'), 'utf8'));
const file = readdirSync(folder).find((name) => /^embeddings_.*\.f32$/.test(name));
if (file === undefined) throw new Error(`${folder} has no embeddings_*.f32`);
const vectors = readFileSync(path.join(folder, file));
const rowBytes = vectors.length / ids.length;
if (rowBytes % 4 !== 0) throw new Error(`${file} does not hold one row of f32 per entry of ids.json`);
const rowOf = new Map(ids.map((id, row) => [id, row]));

let lines = '';
for (const film of films) {
  const row = rowOf.get(film.id);
  // A film without a vector is embedded by the service.
  if (row !== undefined)
    film.embedding = { b64: vectors.subarray(row * rowBytes, (row + 1) * rowBytes).toString('base64') };
  lines += `${JSON.stringify(film)}\n`;
}
process.stdout.write(lines);
