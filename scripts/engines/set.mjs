// A set of engines: where its data, passwords and logs lie, and on which ports it listens.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * @typedef {object} EngineSet
 * @property {string} folder data, passwords, pid files and logs of this set
 * @property {string} programs what is installed; shared by all sets
 * @property {(base: number) => number} port the set's port for a usual one
 * @property {(name: string) => string} secret a password of the set, made at the first call and kept
 * @property {(line: string) => void} say progress
 */

/**
 * @param {{ dir?: string, portOffset?: number, say?: (line: string) => void }} [options] `dir`: data of this set,
 *   by default .engines/default; `portOffset` is added to every port, so that two sets can run at once
 * @returns {EngineSet}
 */
export function openSet({ dir, portOffset = 0, say = () => {} } = {}) {
  const home = join(root, '.engines');
  const folder = resolve(dir ?? join(home, 'default'));
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  return {
    folder,
    programs: resolve(process.env.TRIPTYCH_ENGINES_PROGRAMS ?? join(home, 'programs')),
    port: (base) => base + portOffset,
    secret: (name) => secret(join(folder, 'secrets.json'), name),
    say,
  };
}

/** Letters, digits, - and _ only: such a password needs no quoting in a URL, a shell or a settings file. */
function secret(file, name) {
  const known = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  if (known[name] !== undefined) return known[name];
  known[name] = randomBytes(18).toString('base64url').replace(/^[-_]/, 'x');
  writeFileSync(`${file}.new`, JSON.stringify(known, null, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return known[name];
}
