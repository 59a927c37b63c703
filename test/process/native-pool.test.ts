import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

function run(command: string, ...args: readonly string[]): { ok: boolean; output: string } {
  const env = { ...process.env, TSAN_OPTIONS: 'halt_on_error=1' };
  const done = spawnSync(command, args, { cwd: root, encoding: 'utf8', env });
  return { ok: done.status === 0, output: `${done.error?.message ?? ''}${done.stdout}${done.stderr}` };
}

it('the pool runs every job once, without a data race (ThreadSanitizer)', { timeout: 300_000 }, (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'triptych-pool-'));
  try {
    const binary = join(folder, 'pool_test');
    const compiler = process.env.CXX ?? 'g++';
    if (!run(compiler, '--version').ok) context.skip('no C++ compiler on this machine');
    const sources = ['test/pool_test.cc', 'src/memory.cc', 'src/pool.cc', 'src/quota.cc'];
    const flags = [
      '-std=c++17',
      '-O1',
      '-g',
      '-Wall',
      '-Wextra',
      '-pthread',
      '-fsanitize=thread',
      '-Inative/src',
    ];
    const built = run(compiler, ...flags, ...sources.map((path) => `native/${path}`), '-o', binary);
    if (/cannot find.*tsan/.test(built.output)) context.skip('this compiler has no ThreadSanitizer');
    expect(built.ok, built.output).toBe(true);
    const tested = run(binary);
    if (/unexpected memory mapping/.test(tested.output))
      context.skip('ThreadSanitizer cannot run under the address layout of this machine');
    expect(tested.ok, tested.output).toBe(true);
    expect(tested.output).toContain('every job ran once');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
