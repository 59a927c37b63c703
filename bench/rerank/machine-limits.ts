import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Limits of one instruction set, one thread unless the name says otherwise; 1 GB = 1e9 bytes. */
export interface IsaLimits {
  readonly isa: string;
  readonly fma_gflops: number;
  /** Sequential reading, by the size of what is read in KiB; `cold`: the cold table. */
  readonly read_gbps: Readonly<Record<string, number>>;
  readonly read_2t_gbps: number;
  /** Nanoseconds a 768-d row of a loop that takes random rows of the cold table one at a time. */
  readonly cold_one_row_ns: number;
}

/** What native/cpu/dev/machine-limits.cpp prints. */
export interface MachineLimits {
  readonly cold_mib: number;
  readonly isas: readonly IsaLimits[];
  readonly sort_10000_us: number;
  /** OpenBLAS, by rows; negative where none is installed. */
  readonly sgemv_us: Readonly<Record<string, number>>;
}

const source = join('native', 'cpu', 'dev', 'machine-limits.cpp');
const program = join('dist-bench', 'machine-limits');

/**
 * Compiles the probe once and runs it.
 * @param coldMib size of a cold table in MiB
 * @throws Error without a C++ compiler, or on a machine that the probe does not run on
 */
export function measureLimits(coldMib: number): MachineLimits {
  if (!existsSync(program) || statSync(program).mtimeMs < statSync(source).mtimeMs) {
    mkdirSync('dist-bench', { recursive: true });
    const compiler = process.env.CXX ?? 'c++';
    execFileSync(compiler, ['-std=c++17', '-O3', '-pthread', source, '-o', program, '-ldl'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  }
  return JSON.parse(execFileSync(program, [String(coldMib)], { encoding: 'utf8' })) as MachineLimits;
}

/**
 * The better of two measurements of each limit: it is what the machine reaches undisturbed. Of what a goal is compared
 * with, the mean: those are contestants.
 */
export function bestLimits(a: MachineLimits, b: MachineLimits): MachineLimits {
  return {
    cold_mib: a.cold_mib,
    isas: a.isas.map((one) => {
      const other = b.isas.find(({ isa }) => isa === one.isa) ?? one;
      return {
        isa: one.isa,
        fma_gflops: Math.max(one.fma_gflops, other.fma_gflops),
        read_gbps: merged(one.read_gbps, other.read_gbps, Math.max),
        read_2t_gbps: Math.max(one.read_2t_gbps, other.read_2t_gbps),
        cold_one_row_ns: mean(one.cold_one_row_ns, other.cold_one_row_ns),
      };
    }),
    sort_10000_us: mean(a.sort_10000_us, b.sort_10000_us),
    sgemv_us: merged(a.sgemv_us, b.sgemv_us, mean),
  };
}

function mean(x: number, y: number): number {
  return (x + y) / 2;
}

function merged(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
  choose: (x: number, y: number) => number,
): Record<string, number> {
  return Object.fromEntries(Object.entries(a).map(([key, value]) => [key, choose(value, b[key] ?? value)]));
}

/** Work of one call: what it reads at least, and how many floating point operations it does. */
export interface Work {
  readonly bytes: number;
  readonly flops: number;
  /** Read from a table that no cache holds. */
  readonly cold: boolean;
}

/** Microseconds that the machine needs at least: reading and computing overlap, so the slower of the two. */
export function limitUs({ bytes, flops, cold }: Work, limits: IsaLimits): number {
  return Math.max(
    bytes / (bandwidth(cold ? Infinity : bytes, limits) * 1e3),
    flops / (limits.fma_gflops * 1e3),
  );
}

/** GB/s at the smallest measured size that holds the bytes. */
function bandwidth(bytes: number, { read_gbps }: IsaLimits): number {
  const sizes = Object.keys(read_gbps).map(Number).filter(Number.isFinite);
  const holding = sizes.sort((a, b) => a - b).find((kib) => kib * 1024 >= bytes);
  return read_gbps[holding === undefined ? 'cold' : String(holding)]!;
}

/** Dot products of `rows` f32 rows (or narrower ones) with one vector. */
export function dotWork(rows: number, dimension: number, elementBytes: number, cold: boolean): Work {
  return { bytes: rows * dimension * elementBytes, flops: rows * dimension * 2, cold };
}

/** Size of the last-level cache as the system reports it, in MiB; 32 where it does not. */
export function lastLevelCacheMib(): number {
  const size = readOr('/sys/devices/system/cpu/cpu0/cache/index3/size', '');
  const found = /^(\d+)([KM])/.exec(size);
  if (found === null) return 32;
  return Math.max(1, Math.round(Number(found[1]) / (found[2] === 'K' ? 1024 : 1)));
}

/** Facts about the processor, as lscpu says them; empty where there is none. */
export function processorFacts(): Record<string, string> {
  const wanted = /^(Model name|CPU\(s\)|Thread\(s\) per core|L1d cache|L2 cache|L3 cache|Hypervisor vendor)$/;
  try {
    const text = execFileSync('lscpu', { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
    const pairs = text.split('\n').map((line) => line.split(/:\s+/, 2) as [string, string?]);
    const flags = pairs.find(([key]) => key === 'Flags')?.[1]?.split(' ') ?? [];
    const isas = flags.filter((flag) =>
      /^(avx2|fma|f16c|avx512(f|bw|vl|_vnni|_fp16)|avx_vnni|asimd)$/.test(flag),
    );
    return {
      ...Object.fromEntries(pairs.filter(([key, value]) => wanted.test(key) && value !== undefined)),
      isas: isas.join(' '),
      huge_pages: readOr('/sys/kernel/mm/transparent_hugepage/enabled', 'unknown').trim(),
    };
  } catch {
    return {};
  }
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}
