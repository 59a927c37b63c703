export interface CompiledKernel {
  readonly kernel: string;
  readonly arch: string;
  readonly registers: number;
  readonly sharedBytes: number;
  readonly stackBytes: number;
  readonly spillBytes: number;
}

export function parsePtxas(log: string): CompiledKernel[];
export function kernelProblems(kernels: readonly CompiledKernel[]): string[];
export function kernelTable(kernels: readonly CompiledKernel[]): string;
