import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TfjsEmbedder } from '../../src/adapters/tfjs/tfjs-embedder.ts';
import { modelName } from '../../src/adapters/tfjs/use-lite.ts';
import type { RawMovie } from '../../src/demo/movie.ts';
import { demoTexts, movieDemo } from '../../src/demo/movie-demo.ts';
import { cleanMovies } from '../../src/demo/movie-rows.ts';
import { dequantise, quantise, textsDigest } from '../../src/demo/quantised-vectors.ts';
import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { DocumentInput } from '../../src/domain/document.ts';
import { documentProblems } from '../../src/domain/document-check.ts';
import { dot } from '../../src/domain/vector.ts';

const collections = JSON.parse(
  readFileSync(new URL('../../demo/collections.json', import.meta.url), 'utf8'),
) as Record<string, string[]>;

describe('demo catalogue', () => {
  let documents: readonly DocumentInput[];
  let schema: CatalogueSchema;
  const titled = (title: string) => documents.filter((document) => document.title === title);

  beforeAll(async () => {
    ({ schema, documents } = await movieDemo.load());
  });

  it('has a valid document for each of the 3,201 rows, with ids of their own', () => {
    expect(documents).toHaveLength(3_201);
    expect(new Set(documents.map(({ id }) => id)).size).toBe(3_201);
    const wrong = documents.filter((document) => documentProblems(schema, document).length > 0);
    expect(wrong).toEqual([]);
  });

  it('cleans titles and dates', () => {
    expect(titled('1776')[0]!.id).toBe('1776-1972-11-09');
    expect(titled('Untitled')[0]!.id).toBe('untitled-2006-11-03');
    expect(titled("Le Fabuleux destin d'Amélie Poulain")).toHaveLength(1);
    expect(titled('The Charge of the Light Brigade')[0]!.fields.released).toBe('1936-10-20');
    const years = documents.map(({ fields }) => fields.year as number);
    expect([Math.min(...years), Math.max(...years)]).toEqual([1915, 2011]);
    const odd = documents.filter(({ title }) => /[ÈËÍÎ‡·‰ÛÙ˘Ω]|, The$|\s\s/.test(title));
    expect(odd.map(({ title }) => title)).toEqual([]);
  });

  it('keeps ratings on the scale, or says that there is none', () => {
    const ratings = new Set(documents.map(({ fields }) => fields.mpaa));
    expect(ratings).toEqual(new Set([undefined, 'G', 'PG', 'PG-13', 'R', 'NC-17', 'Not Rated']));
  });

  it('finds every film of its collections', () => {
    for (const [name, films] of Object.entries(collections)) {
      const members = documents.filter(({ facets }) => facets.collections?.includes(name));
      expect(members.map(({ title, fields }) => `${title} ${fields.year}`).sort()).toEqual([...films].sort());
    }
  });

  it('numbers rows whose title and date agree', () => {
    const row = { Title: 'Twins', 'Release Date': 'Jan 01 1999', 'Major Genre': 'Black Comedy' };
    const rows = [row, row, { ...row, 'Release Date': 'Jan 01 2016' }] as unknown as RawMovie[];
    const nulls = Object.fromEntries(
      ['Creative Type', 'Source', 'Director', 'Distributor', 'MPAA Rating'].map((name) => [name, null]),
    );
    const cleaned = cleanMovies(
      rows.map((each) => ({ ...nulls, ...each }) as RawMovie),
      {},
    );
    expect(cleaned.map(({ id }) => id)).toEqual([
      'twins-1999-01-01',
      'twins-1999-01-01-2',
      'twins-1916-01-01',
    ]);
    expect(cleaned[0]!.genres).toEqual(['Black Comedy', 'Comedy']);
  });

  describe('embeddings', () => {
    let embedder: TfjsEmbedder;
    beforeAll(() => {
      embedder = new TfjsEmbedder();
    });
    afterAll(() => embedder.close());

    it('are those of the texts, in the space of the built-in model', async () => {
      expect(schema.embedding).toMatchObject({ model: modelName, dimension: embedder.dimension });
      const sample = documents.filter((_, index) => index % 160 === 7);
      const texts = demoTexts(schema, sample).map(({ text }) => text);
      const fresh = await embedder.embed(texts, new AbortController().signal);
      for (const [index, { embedding, id }] of sample.entries())
        expect(dot(embedding!, fresh[index]!), id).toBeGreaterThan(0.999);
    });
  });

  it('notices when a text, an id or the order changes', () => {
    const texts = demoTexts(schema, documents.slice(0, 3));
    const digest = textsDigest(texts);
    expect(textsDigest([...texts])).toBe(digest);
    expect(textsDigest([{ ...texts[0]!, text: `${texts[0]!.text}.` }, ...texts.slice(1)])).not.toBe(digest);
    expect(textsDigest([texts[1]!, texts[0]!, texts[2]!])).not.toBe(digest);
    expect(textsDigest([{ ...texts[0]!, id: 'other' }, ...texts.slice(1)])).not.toBe(digest);
  });

  it('loses next to nothing by int8 rows, and refuses a file of another size', () => {
    const vector = Float32Array.from({ length: 512 }, (_, i) => Math.sin(i * 1.7));
    const info = { model: 'm', dimension: 512, count: 1, texts_sha256: '' };
    const [back] = dequantise(new Uint8Array(quantise(vector).buffer), info);
    expect(dot(back!, vector) / Math.sqrt(dot(vector, vector))).toBeGreaterThan(0.9999);
    expect(() => dequantise(new Uint8Array(511), info)).toThrow(/511 bytes/);
  });
});
