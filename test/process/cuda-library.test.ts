import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { kernelProblems, parsePtxas } from '../../cuda/ptxas.mjs';
import { findNvcc } from '../../scripts/cuda-toolkit.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const seed = Number(process.env.TRIPTYCH_SEED ?? Date.now() % 1_000_000);

function run(command: string, ...args: readonly string[]): { ok: boolean; output: string } {
  const done = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  return { ok: done.status === 0, output: `${done.error?.message ?? ''}${done.stdout}${done.stderr}` };
}

describe('the CUDA library', () => {
  it('answers as the definition says, and survives every failing call, on the host', {
    timeout: 600_000,
  }, (context) => {
    if (!run('g++', '--version').ok) context.skip('no g++ on this machine: the library is not run');
    const built = run(process.execPath, 'cuda/build.mjs', '--test');
    expect(built.ok, built.output).toBe(true);
    const tested = run(join(root, 'build', 'cuda', 'library-test'), String(seed));
    expect(tested.ok, tested.output).toBe(true);
  });

  it('compiles for a GPU without spills and within 48 KB of shared memory', {
    timeout: 600_000,
  }, (context) => {
    if (findNvcc() === null)
      context.skip('no nvcc on this machine: node cuda/build.mjs --fetch installs one');
    const built = run(process.execPath, 'cuda/build.mjs', '--arch', '90');
    expect(built.ok, built.output).toBe(true);
  });
});

const log = `ptxas info    : Compiling entry function '_Z14tp_gram_kernelPK12TpDeviceGram' for 'sm_75'
ptxas info    : Function properties for _Z14tp_gram_kernelPK12TpDeviceGram
    SPILL
ptxas info    : Used 54 registers, used 1 barriers, SHARED bytes smem, 360 bytes cmem[0]
`;
const clean = '0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads';

describe('what ptxas says', () => {
  it.each([
    ['nothing wrong', log.replace('SPILL', clean).replace('SHARED', '49152'), []],
    [
      'spills',
      log.replace('SPILL', '8 bytes stack frame, 8 bytes spill stores, 4 bytes spill loads'),
      ['tp_gram_kernel sm_75: 12 bytes of spills'],
    ],
    [
      'too much shared memory',
      log.replace('SPILL', clean).replace('SHARED', '49156'),
      ['tp_gram_kernel sm_75: 49156 bytes of shared memory'],
    ],
    ['no kernel', 'ptxas info    : 0 bytes gmem\n', ['ptxas named no kernel']],
  ])('is read: %s', (_, text, problems) => {
    expect(kernelProblems(parsePtxas(text))).toEqual(problems);
  });
});
