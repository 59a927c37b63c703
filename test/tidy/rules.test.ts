import { describe, expect, it } from 'vitest';
import { differences, tableRows, unnamedFolders, wordsWithoutFile } from './docs.ts';
import { importCycles, importViolations, loadedFromOutside, unreachable } from './imports.ts';
import { parseSource } from './source.ts';
import {
  bannedNames,
  fileNameViolations,
  leftovers,
  machineTexts,
  silentSkips,
  sizeViolations,
} from './style.ts';

/** A tidy test that cannot fail proves nothing: each rule is shown to catch what is planted here. */

const sourcesOf = (files: Readonly<Record<string, string>>) =>
  Object.entries(files).map(([path, text]) => parseSource(path, text));

describe('the import table', () => {
  it.each([
    ['src/domain/a.ts', "import { b } from '../ports/b.ts';"],
    ['src/domain/a.ts', "import type { B } from '../search/b.ts';"],
    ['src/std/a.ts', "export * from '../limits.ts';"],
    ['src/ports/a.ts', "export { b } from '../std/b.ts';"],
    ['src/search/a.ts', "const b = await import('../adapters/flat/b.ts');"],
    ['src/search/a.ts', "type B = import('../http/b.ts').B;"],
    ['src/http/a.ts', "import { b } from '../search/b.ts';"],
    ['src/cli/a.ts', "import { b } from '../adapters/pglite/b.ts';"],
    ['src/adapters/flat/a.ts', "import { b } from '../memory/b.ts';"],
    ['src/adapters/sql/a.ts', "import { b } from '../pglite/b.ts';"],
    ['src/elsewhere/a.ts', "import { b } from '../domain/b.ts';"],
    ['src/domain/a.ts', "import { b } from './b.js';"],
    ['src/domain/a.ts', "import fs from 'node:fs';"],
    ['src/ports/a.ts', "import { z } from 'zod';"],
    ['src/config/a.ts', "import { Command } from 'commander';"],
    ['playground/a.tsx', "import { b } from '../src/wire/b.ts';"],
    ['playground/a.tsx', "import type { B } from '../src/domain/b.ts';"],
    ['playground/a.tsx', "import b from 'express';"],
    ['src/http/a.ts', "import { b } from '../../playground/b.ts';"],
  ])('refuses %s: %s', (path, text) => {
    expect(importViolations(sourcesOf({ [path]: text }))).toHaveLength(1);
  });

  it.each([
    ['src/domain/a.ts', "import { b } from './text/b.ts';"],
    ['src/domain/text/a.ts', "import { b } from '../../limits.ts';"],
    ['src/adapters/pglite/a.ts', "import { b } from '../sql/b.ts'; import x from 'vendor';"],
    ['src/compose.ts', "import { b } from './adapters/flat/b.ts';"],
    ['src/config/a.ts', "import { z } from 'zod'; import { readFileSync } from 'node:fs';"],
  ])('allows %s: %s', (path, text) => {
    expect(importViolations(sourcesOf({ [path]: text }))).toEqual([]);
  });

  it('tells what a folder loads from types that it uses', () => {
    const text = [
      "import type { A } from 'zod';",
      "import { type B } from '../wire/b.ts';",
      "import { c } from '../wire/c.ts';",
      "import { d } from './d.ts';",
      "import 'zod';",
    ].join('\n');
    expect(
      loadedFromOutside(sourcesOf({ 'src/client/a.ts': text, 'src/http/a.ts': text }), 'src/client'),
    ).toEqual(['src/client/a.ts:3 loads ../wire/c.ts', 'src/client/a.ts:5 loads zod']);
  });

  it('finds cycles, also of types, and no others', () => {
    const files = {
      'src/a.ts': "import { b } from './b.ts';",
      'src/b.ts': "import type { C } from './c.ts'; import { d } from './d.ts';",
      'src/c.ts': "export { a } from './a.ts';",
      'src/d.ts': '',
    };
    expect(importCycles(sourcesOf(files))).toEqual(['src/a.ts -> src/b.ts -> src/c.ts -> src/a.ts']);
    expect(importCycles(sourcesOf({ ...files, 'src/c.ts': '' }))).toEqual([]);
  });

  it('finds files that nothing reaches; workers are reached by name', () => {
    const files = {
      'src/index.ts': "import './x/a.ts';",
      'src/x/a.ts': "new Worker(workerUrl(import.meta.url, './worker.js'));",
      'src/x/worker.ts': '',
      'src/x/dead.ts': "import './dead-too.ts';",
      'src/x/dead-too.ts': '',
    };
    expect(unreachable(sourcesOf(files), ['src/index.ts'])).toEqual(['src/x/dead.ts', 'src/x/dead-too.ts']);
  });
});

describe('sizes', () => {
  const lines = (count: number): string => 'f();\n'.repeat(count);

  it('catches long files: 300 lines in src, 400 elsewhere', () => {
    expect(sizeViolations(sourcesOf({ 'src/a.ts': lines(300), 'test/a.ts': lines(400) }))).toEqual([]);
    expect(sizeViolations(sourcesOf({ 'src/a.ts': lines(301), 'test/a.ts': lines(401) }))).toHaveLength(2);
  });

  it.each([
    ['function f() {', '}'],
    ['const f = () => {', '};'],
    ['class A { f() {', '} }'],
  ])('catches long functions: %s', (open, close) => {
    const body = (count: number): string => `${open}\n${lines(count)}${close}\n`;
    expect(sizeViolations(sourcesOf({ 'src/a.ts': body(58) }))).toEqual([]);
    expect(sizeViolations(sourcesOf({ 'src/a.ts': body(59) }))).toEqual([
      expect.stringContaining('f has 61 lines'),
    ]);
  });
});

describe('names', () => {
  it.each([
    'class KeyManager {}',
    'interface SearchService {}',
    'type ServiceOptions = string;',
    'const makeImpl = 1;',
    'function f(queueProcessor) {}',
    'class A { dateUtils = 1; }',
  ])('refuses %s', (text) => {
    expect(bannedNames(sourcesOf({ 'src/a.ts': text }))).toHaveLength(1);
  });

  it('refuses banned words in file names, and allows words that only contain one', () => {
    expect(bannedNames(sourcesOf({ 'src/http/string-utils.ts': '', 'src/helper/a.ts': '' }))).toHaveLength(2);
    expect(
      bannedNames(sourcesOf({ 'src/std/vector-base64.ts': 'const baseline = 1; function database() {}' })),
    ).toEqual([]);
  });

  it('refuses file names that are not kebab-case', () => {
    expect(
      fileNameViolations(['src/Plan.ts', 'src/plan_b.ts', 'src/plan-c.ts', 'test/a.contract.ts']),
    ).toEqual(['src/Plan.ts', 'src/plan_b.ts']);
  });
});

describe('leftovers', () => {
  it.each([
    '// TODO finish',
    '/* FIXME */',
    '// @ts-ignore',
    '// biome-ignore lint/x: ',
    'console.log(1);',
    'console.error(1);',
    'it.only("x", () => {});',
    'describe.only("x", () => {});',
    'xit("x", () => {});',
    'it.todo("x");',
    'const x = y as any;',
    'function f(x: any) {}',
    'type A = Record<string, any>;',
  ])('catches %s', (text) => {
    expect(leftovers(sourcesOf({ 'src/a.ts': text }))).toHaveLength(1);
  });

  it('leaves words in texts and reasons alone', () => {
    const text =
      "// biome-ignore lint/x: the vendor's type\nconst any = 'any console.log only';\nrun.onlyOnce();";
    expect(leftovers(sourcesOf({ 'src/a.ts': text }))).toEqual([]);
  });

  it('catches silent skips', () => {
    expect(
      silentSkips(sourcesOf({ 'test/a.ts': 'it.skip("x", () => {}); describe.skip("y");' })),
    ).toHaveLength(2);
    expect(silentSkips(sourcesOf({ 'test/a.ts': 'it.skipIf(no)("x (no films)", () => {});' }))).toEqual([]);
  });

  it('catches paths of one machine', () => {
    const text = [
      'see /work/x',
      'from "/home/me"',
      'https://registry.example/x',
      'fine: /v1/work/a, a/tmp/b',
    ].join('\n');
    expect(machineTexts([{ path: 'docs/a.md', text }])).toHaveLength(3);
  });
});

describe('documentation', () => {
  const markdown = 'text\n\n| name | meaning |\n|---|---|\n| `a` | one |\n| `b` | two |\n\n| c | three |\n';

  it('reads a table by its heading', () => {
    expect(tableRows(markdown, ['name', 'meaning'])).toEqual([
      ['a', 'one'],
      ['b', 'two'],
    ]);
    expect(tableRows(markdown, ['other'])).toEqual([]);
  });

  it('compares both ways', () => {
    expect(
      differences(
        [['a', 'one']],
        [
          ['a', '1'],
          ['b', '2'],
        ],
      ),
    ).toEqual(['not in the docs: a | 1', 'not in the docs: b | 2', 'only in the docs: a | one']);
  });

  it('finds folders that the architecture does not name', () => {
    const paths = ['src/a.ts', 'src/wire/a.ts', 'src/adapters/flat/a.ts', 'src/adapters/tfjs/a.ts'];
    expect(unnamedFolders('`src/wire` and `adapters/` with `flat`', paths)).toEqual(['src/adapters/tfjs']);
  });

  it('finds words without a file', () => {
    expect(wordsWithoutFile(['plan', 'rule'], ['src/domain/plan.ts', 'src/domain/ruler.ts'])).toEqual([
      'rule',
    ]);
  });
});
