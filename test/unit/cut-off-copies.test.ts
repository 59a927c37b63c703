import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { backupDataDir, restoreDataDir } from '../../src/adapters/pglite/backup.ts';

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);
const watch = { onBytes() {}, signal: new AbortController().signal };
const save = (name: string, force = false) =>
  backupDataDir({ dataDir: at('data'), target: at(name), force, version: '0' }, watch);
const restore = (name: string, force = false) =>
  restoreDataDir({ source: at(name), dataDir: at('data'), force }, watch);
const content = () => readFileSync(at('data', 'pglite', 'rows'), 'utf8');
const write = (rows: string) => writeFileSync(at('data', 'pglite', 'rows'), rows);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'triptych-copies-'));
  mkdirSync(at('data', 'pglite'), { recursive: true });
  // No engine looks into it.
  writeFileSync(at('data', 'pglite', 'PG_VERSION'), '17');
  write('one');
  await save('saved');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** As a restore leaves it that ended between its two renames. */
const cutRestore = () => {
  write('two');
  renameSync(at('data', 'pglite'), at('data', 'pglite.replaced'));
};

it('a restore after one that was cut off asks for --force, and loses nothing where it fails', async () => {
  cutRestore();
  await expect(restore('saved')).rejects.toThrow('--force replaces it');
  expect(content()).toBe('two');
  cutRestore();
  writeFileSync(at('saved', 'data', 'rows'), 'damaged');
  await expect(restore('saved', true)).rejects.toThrow('rows is not what was written');
  expect(content()).toBe('two');
  expect(readdirSync(at('data'))).toEqual(['pglite']);
});

it('a backup after a restore that was cut off has the database that is there', async () => {
  cutRestore();
  await save('later');
  await restore('later', true);
  expect(content()).toBe('two');
});

it('a backup ends what an earlier one was cut off at', async () => {
  renameSync(at('saved'), at('saved.replaced'));
  mkdirSync(at('saved.unfinished', 'data'), { recursive: true });
  await expect(save('saved')).rejects.toThrow('--force replaces it');
  await save('saved', true);
  expect(readdirSync(folder).sort()).toEqual(['data', 'saved']);
});

it('a backup deletes nothing beside it that is not its own', async () => {
  for (const name of ['new.unfinished', 'new.replaced']) {
    mkdirSync(at(name));
    writeFileSync(at(name, 'letter.txt'), 'dear');
    await expect(save('new')).rejects.toThrow(/is in the way|is no backup/);
    expect(existsSync(at(name, 'letter.txt'))).toBe(true);
  }
});
