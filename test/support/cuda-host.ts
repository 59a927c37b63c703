import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CudaParts, openCuda } from '../../src/adapters/cuda/open-cuda.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import type { Reranker } from '../../src/ports/reranker.ts';
import { silentLogger } from './search-fixture.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The CUDA library on the host's SIMT machine, opened as a GPU would be; or why it cannot be. */
export async function openCudaOnHost(): Promise<CudaParts | { readonly reason: string }> {
  const compiler = spawnSync('g++', ['--version']);
  if (compiler.status !== 0) return { reason: 'no g++ on this machine' };
  const built = spawnSync(process.execPath, ['cuda/build.mjs', '--host'], { cwd: root, encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`${built.stdout}${built.stderr}`);
  const library = join(root, 'build', 'cuda', 'libtriptych_cuda_host.so');
  return openCuda({ library, clock: systemClock, logger: silentLogger });
}

/** The same reranker, whose calls wait until their table is on the device. */
export function patient({ reranker, settled }: CudaParts): Reranker {
  return {
    name: reranker.name,
    variant: reranker.variant,
    rerank: async (batch, signal) => {
      reranker.supports?.(batch.table);
      await settled();
      return reranker.rerank(batch, signal);
    },
  };
}
