import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fileName, flagName, settingNames, settings, variableName } from '../../src/config/schema.ts';
import { differences, tableRows, unnamedFolders, wordsWithoutFile } from './docs.ts';
import { filesBelow, readText, root } from './source.ts';

const paths = filesBelow(['src'], /\.ts$/);

/** The design's words that name parts of the code so far; `policy` and `rule` come with the policy leg. */
const words = [
  ...['document', 'facet', 'leg', 'candidate', 'window', 'signal', 'profile', 'plan', 'epoch', 'rerank'],
  ...['vector', 'graph', 'predicate', 'catalogue', 'embedder', 'cursor', 'coverage'],
];

describe('docs/settings.md', () => {
  it('has a row for every setting, and no other', () => {
    const columns = ['setting (file)', 'variable', 'flag', 'default', 'meaning'];
    const real = settingNames.map((name) => {
      const schema = settings[name];
      const fallback = schema.safeParse(undefined).data;
      const shown = fallback === undefined ? 'none' : String(fallback);
      return [fileName(name), variableName(name), flagName(name), shown, schema.description ?? ''];
    });
    expect(differences(tableRows(readText('docs/settings.md'), columns), real)).toEqual([]);
  });

  it('has the values of every setting that takes one of a few', () => {
    const real = settingNames.flatMap((name) => {
      let schema: z.core.$ZodType = settings[name];
      while (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) schema = schema.unwrap();
      return schema instanceof z.ZodEnum ? [[fileName(name), ...schema.options.map(String)]] : [];
    });
    // `baseline` says in brackets what it is.
    const documented = tableRows(readText('docs/settings.md'), ['setting', 'values']).map(
      ([name, values]) => [
        name!,
        ...[...`\`${values}\``.matchAll(/`([a-z0-9_-]+)`/g)].map(([, value]) => value!),
      ],
    );
    expect(differences(documented, real)).toEqual([]);
    expect(real.length).toBeGreaterThan(3);
  });
});

describe('ARCHITECTURE.md', () => {
  const text = existsSync(join(root, 'ARCHITECTURE.md')) ? readText('ARCHITECTURE.md') : '';

  it('is there and short', () => {
    expect(text).not.toBe('');
    expect(text.split('\n').length).toBeLessThanOrEqual(250);
  });

  it('names every layer and adapter of src', () => {
    expect(unnamedFolders(text, paths)).toEqual([]);
  });
});

describe('file names', () => {
  it('hold every word of the design', () => {
    expect(wordsWithoutFile(words, paths)).toEqual([]);
  });
});
