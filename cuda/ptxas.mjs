// What ptxas -v says of every kernel and architecture, and what it must not say.

/** Static shared memory of a block on every architecture. */
const sharedBytesMax = 48 * 1024;

/**
 * @param {string} log output of nvcc -Xptxas=-v
 * @returns {{kernel: string, arch: string, registers: number, sharedBytes: number, stackBytes: number, spillBytes: number}[]}
 */
export function parsePtxas(log) {
  const kernels = [];
  for (const line of log.split('\n')) {
    const entry = /Compiling entry function '(\w+)' for '(sm_\w+)'/.exec(line);
    if (entry !== null)
      kernels.push({
        kernel: plainName(entry[1]),
        arch: entry[2],
        registers: Number.NaN,
        sharedBytes: 0,
        stackBytes: Number.NaN,
        spillBytes: Number.NaN,
      });
    const last = kernels.at(-1);
    if (last === undefined) continue;
    const frame = /(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads/.exec(line);
    // Functions that were not inlined have frames of their own: the worst counts.
    if (frame !== null) {
      last.stackBytes = Math.max(Number(frame[1]), last.stackBytes || 0);
      last.spillBytes = Math.max(Number(frame[2]) + Number(frame[3]), last.spillBytes || 0);
    }
    const used = /Used (\d+) registers/.exec(line);
    if (used !== null) last.registers = Number(used[1]);
    const shared = /(\d+) bytes smem/.exec(line);
    if (shared !== null) last.sharedBytes = Number(shared[1]);
  }
  return kernels;
}

/** `_Z19tp_hard_mask_kernelPK13TpDeviceBatch` -> `tp_hard_mask_kernel` */
function plainName(mangled) {
  const found = /^_Z(?:N\d+_GLOBAL__N__\w+?)?(\d+)(\w+)$/.exec(mangled);
  return found === null ? mangled : found[2].slice(0, Number(found[1]));
}

/** Kernels that spill or want too much shared memory; a log without kernels is a problem, too. */
export function kernelProblems(kernels) {
  if (kernels.length === 0) return ['ptxas named no kernel'];
  return kernels.flatMap(({ kernel, arch, registers, sharedBytes, spillBytes }) => [
    ...(spillBytes === 0 ? [] : [`${kernel} ${arch}: ${spillBytes} bytes of spills`]),
    ...(sharedBytes <= sharedBytesMax ? [] : [`${kernel} ${arch}: ${sharedBytes} bytes of shared memory`]),
    ...(registers > 0 ? [] : [`${kernel} ${arch}: no registers named`]),
  ]);
}

/** One line per kernel: the most over all architectures. */
export function kernelTable(kernels) {
  const names = [...new Set(kernels.map(({ kernel }) => kernel))].sort();
  const archs = [...new Set(kernels.map(({ arch }) => arch))];
  const lines = names.map((name) => {
    const own = kernels.filter(({ kernel }) => kernel === name);
    const most = (member) => Math.max(...own.map((kernel) => kernel[member]));
    return `${name.padEnd(24)} ${new Set(own.map(({ arch }) => arch)).size} archs, at most ${most('registers')} registers, ${most('sharedBytes')} B shared, ${most('stackBytes')} B stack, ${most('spillBytes')} B spilled`;
  });
  return `${lines.join('\n')}\n${archs.join(' ')}\n`;
}
