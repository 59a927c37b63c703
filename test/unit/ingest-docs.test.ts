import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rowMapping } from '../../src/ingest/mapping.ts';
import { parseSchemaFile, schemaFileSchema } from '../../src/ingest/schema-file.ts';
import { tableRows } from '../tidy/docs.ts';

const text = readFileSync(new URL('../../docs/ingest.md', import.meta.url), 'utf8');
const [schemaText, rowText] = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, block]) => block!);

describe('docs/ingest.md', () => {
  it('has a schema file and a row of it that becomes the document it says', () => {
    const mapped = rowMapping(parseSchemaFile(schemaText!))(JSON.parse(rowText!));
    expect(mapped).toEqual({
      document: {
        id: 'ana-lucia-brandt-the-tide-clock',
        title: 'The Tide Clock',
        text: 'A harbour town keeps its own time. Slow and bright. A map of waiting.',
        facets: { genres: ['Novel', 'Sea'], authors: ['Ana Lúcia Brandt'], tags: ['harbours'] },
        fields: {
          published: '2020-01-01',
          added: '2024-03-01T09:30:00Z',
          pages: 312,
          loans: 85,
          audience: 'adults',
          in_print: true,
        },
        relations: [{ type: 'SEQUEL_OF', id: 'ana-lucia-brandt-low-water', strength: 1 }],
        embedding: Float32Array.from([0.1, 0.7, -0.2, 0.4]),
      },
    });
    expect(text).toContain('`ana-lucia-brandt-the-tide-clock`, published on 2020-01-01');
  });

  it('has every member, and no other', () => {
    const { embedding, ...members } = schemaFileSchema.shape;
    const real = [
      ...Object.keys(members),
      ...Object.keys(embedding.shape).map((name) => `embedding.${name}`),
      ...['fields.*.unit', 'fields.*.scale'],
    ];
    const documented = tableRows(text, ['member', 'default', 'what it says']).flatMap(([names]) =>
      names!.split(/`?, `?/),
    );
    expect(documented.sort()).toEqual(real.sort());
  });

  it('uses every member in the example', () => {
    const file = JSON.parse(schemaText!);
    expect(Object.keys(file).sort()).toEqual(Object.keys(schemaFileSchema.shape).sort());
    expect(Object.keys(file.embedding).sort()).toEqual(
      Object.keys(schemaFileSchema.shape.embedding.shape).sort(),
    );
  });
});
