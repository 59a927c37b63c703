import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const build = join(root, 'build', 'cuda-shim');

function run(command: string, ...args: readonly string[]): { ok: boolean; output: string } {
  const done = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  return { ok: done.status === 0, output: `${done.error?.message ?? ''}${done.stdout}${done.stderr}` };
}

const absent = ['g++', 'cmake', 'ctest'].find((tool) => !run(tool, '--version').ok);

describe('the CUDA kernels on the host', () => {
  it('build for the SIMT shim and pass their tests', { timeout: 600_000 }, (context) => {
    if (absent !== undefined) context.skip(`no ${absent} on this machine: kernels are not run`);
    const configured = run('cmake', '-S', 'cuda/test', '-B', build, '-DCMAKE_CXX_COMPILER=g++');
    expect(configured.ok, configured.output).toBe(true);
    const built = run('cmake', '--build', build, '--target', 'triptych_shim_tests', '--parallel', '2');
    expect(built.ok, built.output).toBe(true);
    const tested = run('ctest', '--test-dir', build, '--output-on-failure', '--no-tests=error');
    expect(tested.ok, tested.output).toBe(true);
  });

  it('fail their tests with a fault in them: one in seventeen', { timeout: 600_000 }, (context) => {
    if (absent !== undefined) context.skip(`no ${absent} on this machine: mutants are not run`);
    const { ok, output } = run(process.execPath, 'cuda/test/mutants.mjs', '--every', '17');
    expect(ok, output).toBe(true);
    expect(output).toMatch(/^mutants: (\d+) of \1 as they should be$/m);
  });
});
