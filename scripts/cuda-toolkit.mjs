// Finds a CUDA compiler, or lays one out under .cuda/ from the Python packages of the toolkit (105 MB, no GPU and no
// driver needed). Prints the compiler's path: node scripts/cuda-toolkit.mjs
import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, '.cuda');
const toolkit = join(folder, 'nvidia', 'cu13');

/** 13.0 goes with driver 580; code of a newer toolkit may not load there. */
const packages = [
  'nvidia-cuda-nvcc==13.0.88',
  'nvidia-cuda-crt==13.0.88',
  'nvidia-nvvm==13.0.88',
  'nvidia-cuda-runtime==13.0.96',
  'nvidia-cuda-cccl==13.0.85',
];

/**
 * Path of nvcc: TRIPTYCH_NVCC, the one under .cuda/, the one on the PATH, or the one of CUDA_HOME or CUDA_PATH.
 * @returns null where there is none
 */
export function findNvcc() {
  const own = process.env.TRIPTYCH_NVCC;
  if (own) return own;
  const fetched = join(toolkit, 'bin', 'nvcc');
  if (existsSync(fetched)) return fetched;
  const named = [process.env.CUDA_HOME, process.env.CUDA_PATH].flatMap((home) =>
    home ? [join(home, 'bin', 'nvcc')] : [],
  );
  const found = onPath() ?? named.find((path) => existsSync(path));
  // nvcc looks for its parts beside itself: not through a link.
  return found === undefined ? null : realpathSync(found);
}

function onPath() {
  try {
    return execFileSync('sh', ['-c', 'command -v nvcc'], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Installs the toolkit under .cuda/ unless a compiler is there. @throws Error where pip cannot */
export function fetchNvcc() {
  const found = findNvcc();
  if (found !== null) return found;
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--no-compile', '--target', folder];
  execFileSync('python3', [...pip, ...packages], { stdio: ['ignore', 'inherit', 'inherit'] });
  // The packages have lib, the compiler's profile says lib64.
  link('lib', join(toolkit, 'lib64'));
  link('libcudart.so.13', join(toolkit, 'lib', 'libcudart.so'));
  return join(toolkit, 'bin', 'nvcc');
}

function link(target, path) {
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.stdout.write(`${fetchNvcc()}\n`);
