import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

export interface Cpu {
  readonly model: string;
  readonly threads: number;
  /** Instructions that kernels are built for; null where the system does not tell. */
  readonly instructions: readonly string[] | null;
}

/** What /proc/cpuinfo calls the instruction sets that matter here. */
const known = ['sse4_2', 'avx', 'f16c', 'fma', 'avx2', 'avx512f', 'avx512bw', 'avx512vl', 'asimd', 'asimdhp'];

export function describeCpu(path = '/proc/cpuinfo'): Cpu {
  const all = cpus();
  return {
    model: all[0]?.model.trim() || 'unknown',
    threads: all.length,
    instructions: instructionsIn(path),
  };
}

function instructionsIn(path: string): readonly string[] | null {
  try {
    const line = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync(path, 'utf8'));
    if (line === null) return null;
    const has = new Set(line[1]!.trim().split(/\s+/));
    return known.filter((name) => has.has(name));
  } catch {
    return null;
  }
}
