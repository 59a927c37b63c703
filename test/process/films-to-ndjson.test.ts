import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowMapping } from '../../src/ingest/mapping.ts';
import { filmLines, filmsAvailable, filmsFolder, filmsSchema } from '../support/films.ts';

const script = 'scripts/films-to-ndjson.mjs';

function run(folder: string): string {
  return execFileSync(process.execPath, [script, folder], { encoding: 'utf8', maxBuffer: 64 << 20 });
}

describe('films-to-ndjson', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'films-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('gives each film the vector of its id, in rows that the example schema maps', () => {
    const film = { title: 'T', overview: 'O', genres: [{ id: 1, name: 'Drama' }], releaseDate: 1, tags: [] };
    writeFileSync(path.join(folder, 'films.json'), JSON.stringify([7, 9, 8].map((id) => ({ ...film, id }))));
    writeFileSync(path.join(folder, 'ids.json'), '[8, 7]');
    const vectors = new Float32Array(1_024).fill(0.5, 0, 512).fill(-0.25, 512);
    writeFileSync(path.join(folder, 'embeddings_2x512.f32'), new Uint8Array(vectors.buffer));
    const map = rowMapping(filmsSchema());
    const documents = run(folder)
      .trimEnd()
      .split('\n')
      .map((line) => map(JSON.parse(line)));
    expect(documents).toMatchObject([
      { document: { id: '7', fields: { released: '1970-01-02' }, facets: { genres: ['Drama'] } } },
      { document: { id: '9', embedding: null } },
      { document: { id: '8' } },
    ]);
    const components = documents.map((mapped) => 'document' in mapped && mapped.document.embedding?.[511]);
    expect(components).toEqual([-0.25, undefined, 0.5]);
  });

  it.skipIf(!filmsAvailable())('writes what the tests read', () => {
    expect(run(filmsFolder).trimEnd().split('\n')).toEqual([...filmLines()]);
  });
});
