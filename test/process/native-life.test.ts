import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/native/load.ts';
import { seed } from '../support/seed.ts';

const loaded = loadAddon();
const why = 'reason' in loaded ? loaded.reason : '';
const root = fileURLToPath(new URL('../../', import.meta.url));
const addon = `${root}build/Release/triptych.node`;

/** Runs a script of the repository with the given arguments in a process of its own. */
function script(name: string, ...args: readonly string[]) {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', `${root}scripts/${name}`, ...args],
    { encoding: 'utf8' },
  );
  return { end: status ?? signal, stdout, stderr };
}

describe.skipIf(why !== '')(`the addon's life${why === '' ? '' : ` (${why})`}`, () => {
  it('threads of JavaScript load it, and end idle, busy or stopped from outside', {
    timeout: 120_000,
  }, async () => {
    for (let i = 0; i < 18; i++) {
      const end = (['wait', 'exit', 'leave', 'terminate'] as const)[i % 4];
      const worker = new Worker(new URL('../support/native-worker.mjs', import.meta.url), {
        workerData: { addon, seed: seed + i, end },
      });
      const code = await new Promise((resolve, reject) => {
        worker.once('error', reject);
        worker.once('exit', resolve);
        if (end === 'terminate') worker.once('online', () => setTimeout(() => void worker.terminate(), i));
      });
      expect(code).toBe(end === 'terminate' ? 1 : 0);
    }
  });

  it('a process may end while jobs run', () => {
    const program = [
      `const { Worker } = require('node:worker_threads');`,
      `const file = ${JSON.stringify(`${root}test/support/native-worker.mjs`)};`,
      `for (let i = 0; i < 3; i++)`,
      `  new Worker(file, { workerData: { addon: ${JSON.stringify(addon)}, seed: i, end: 'leave' } });`,
      `setTimeout(() => process.exit(7), 400);`,
    ].join('\n');
    const { status, signal, stderr } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' });
    // 0 where the threads were through before.
    expect([signal, stderr]).toEqual([null, '']);
    expect([0, 7]).toContain(status);
  });

  it('wrong calls are refused, whatever is wrong with them', { timeout: 300_000 }, () => {
    const { end, stdout, stderr } = script('fuzz-native.mjs', '--calls', '4000', '--seed', String(seed));
    expect([end, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^4000 calls .* right calls in between answered rightly/);
  });

  it('tables, arenas and promises survive collections of garbage at any time', { timeout: 300_000 }, () => {
    const { end, stdout, stderr } = script('native-collections.mjs', String(seed));
    expect([end, stderr]).toEqual([0, '']);
    expect(stdout).toContain('every answer was right');
  });

  it('calls that are warm allocate nothing in C++', { timeout: 300_000 }, () => {
    const { stdout } = script('native-steady.mjs', '--calls', '2000');
    expect(stdout).toContain(': 0 native allocations');
  });
});
