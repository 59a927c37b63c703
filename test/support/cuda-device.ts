import { type CudaParts, openCuda } from '../../src/adapters/cuda/open-cuda.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { silentLogger } from './search-fixture.ts';

/** The CUDA library that `node cuda/build.mjs` built on the first GPU of this machine; or why there is none. */
export function openCudaOnDevice(): Promise<CudaParts | { readonly reason: string }> {
  return openCuda({ clock: systemClock, logger: silentLogger });
}
