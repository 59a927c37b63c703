import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importCycles, importViolations, loadedFromOutside, unreachable } from './imports.ts';
import { filesBelow, readSources, readText, root } from './source.ts';
import {
  bannedNames,
  fileNameViolations,
  leftovers,
  machineTexts,
  silentSkips,
  sizeViolations,
} from './style.ts';

const src = readSources(['src']);
const page = readSources(['playground']);
const tests = readSources(['test', 'bench'].filter((folder) => existsSync(join(root, folder))));
const all = [...src, ...page, ...tests];

/** Where the program starts: the command line, the library, the client. */
const entries = ['src/cli/main.ts', 'src/index.ts', 'src/client/index.ts'];
/** And the page: what its HTML loads, and how it is built. */
const pageEntries = ['playground/main.tsx', 'playground/vite.config.ts'];

describe('the sources', () => {
  it('are found', () => {
    expect(src.length).toBeGreaterThan(100);
    expect(tests.length).toBeGreaterThan(10);
    expect(page.length).toBeGreaterThan(10);
  });

  it('import only what the import table allows', () => {
    expect(importViolations([...src, ...page])).toEqual([]);
  });

  it('leave the client nothing to load but itself', () => {
    expect(loadedFromOutside(src, 'src/client')).toEqual([]);
  });

  it('have no import cycles', () => {
    expect(importCycles([...src, ...page])).toEqual([]);
  });

  it('are all reached from an entry', () => {
    expect(unreachable(src, entries)).toEqual([]);
    expect(unreachable(page, pageEntries)).toEqual([]);
  });

  it('stay short: files and functions', () => {
    expect(sizeViolations(all)).toEqual([]);
    const long = filesBelow(['playground'], /\.css$/).filter(
      (path) => readText(path).split('\n').length > 301,
    );
    expect(long).toEqual([]);
  });

  it('use no name that says nothing', () => {
    expect(bannedNames([...src, ...page])).toEqual([]);
  });

  it('have kebab-case file names', () => {
    expect(fileNameViolations(all.map(({ path }) => path))).toEqual([]);
  });

  it('hold no leftovers and no any', () => {
    expect(leftovers(all.filter(({ path }) => !path.startsWith('test/tidy/')))).toEqual([]);
  });

  it('skip no test silently', () => {
    expect(silentSkips(tests)).toEqual([]);
  });

  it('mention no path or registry of one machine', () => {
    const folders = ['src', 'playground', 'test', 'bench', 'scripts', 'docs', 'demo'].filter((folder) =>
      existsSync(join(root, folder)),
    );
    const paths = filesBelow(folders, /\.(tsx?|css|html|mjs|md|json|sh)$/).filter(
      (path) => !path.startsWith('test/tidy/'),
    );
    const top = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', '.ci/run'].filter(
      (path) => existsSync(join(root, path)),
    );
    const files = [...paths.filter((path) => !path.includes('bench/results/')), ...top];
    expect(machineTexts(files.map((path) => ({ path, text: readText(path) })))).toEqual([]);
  });
});
