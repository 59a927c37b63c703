import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
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
