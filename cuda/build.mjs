// Builds the CUDA backend: node cuda/build.mjs [--fetch] [--host] [--dev] [--arch 90]
//   (nothing)  build/cuda/libtriptych_cuda.so for all architectures, and checks what ptxas says of every kernel
//   --fetch    lays a CUDA compiler out under .cuda/ where none is found
//   --host     build/cuda/libtriptych_cuda_host.so: the same library on the host's SIMT machine, by g++
//   --test     build/cuda/library-test: tests of the library on the host, by g++
//   --dev      build/cuda/{ladder,stages,library-test-gpu}: what dev/run-on-gpu.sh runs on a machine with a GPU
//   --arch N   for one architecture alone
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fetchNvcc, findNvcc } from '../scripts/cuda-toolkit.mjs';
import { kernelProblems, kernelTable, parsePtxas } from './ptxas.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'build', 'cuda');
const include = `-I${join(root, 'native', 'include')}`;

/** Code for these, and PTX of the newest for what comes after them. */
const architectures = ['75', '80', '86', '89', '90', '100', '120'];

const { values: options } = parseArgs({
  options: {
    fetch: { type: 'boolean', default: false },
    host: { type: 'boolean', default: false },
    test: { type: 'boolean', default: false },
    dev: { type: 'boolean', default: false },
    arch: { type: 'string' },
  },
});

const sourcesIn = (folder, ...endings) =>
  readdirSync(join(root, 'cuda', folder))
    .filter((name) => endings.some((ending) => name.endsWith(ending)))
    .map((name) => join(root, 'cuda', folder, name));

/** Runs a compiler; answers what it wrote. Ends the process where it fails. */
function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  const text = `${stdout ?? ''}${stderr ?? ''}`;
  if (status === 0) return text;
  process.stderr.write(
    `${command} ${args.join(' ')}\n${text}${error === undefined ? '' : `${error.message}\n`}`,
  );
  process.exit(1);
}

function codeFor(archs) {
  const newest = archs.at(-1);
  const real = archs.map((arch) => `-gencode=arch=compute_${arch},code=sm_${arch}`);
  return [...real, `-gencode=arch=compute_${newest},code=compute_${newest}`];
}

/** `--fmad=false`: a sum has the bits that its source says; kernels name fmaf where they want it. */
function nvcc(args) {
  const compiler = options.fetch ? fetchNvcc() : findNvcc();
  if (compiler === null) {
    process.stderr.write('no nvcc: set TRIPTYCH_NVCC, or let --fetch install one under .cuda/\n');
    process.exit(1);
  }
  const archs = options.arch === undefined ? architectures : [options.arch];
  const common = [
    '-std=c++17',
    '-O3',
    '--fmad=false',
    '--threads=2',
    '-cudart=static',
    '-Xptxas=-v',
    include,
  ];
  const host = '-Xcompiler=-fPIC,-fvisibility=hidden,-Wall,-Wextra,-ffp-contract=off';
  return run(compiler, [...common, ...codeFor(archs), host, ...args]);
}

function checkKernels(log) {
  writeFileSync(join(out, 'ptxas.txt'), log);
  const kernels = parsePtxas(log);
  process.stdout.write(kernelTable(kernels));
  const problems = kernelProblems(kernels);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  if (problems.length > 0) process.exit(1);
}

function buildLibrary() {
  const path = join(out, 'libtriptych_cuda.so');
  checkKernels(nvcc(['-shared', '-o', path, ...sourcesIn('library', '.cc', '.cu')]));
  process.stdout.write(`${path}\n`);
}

const hostFlags = [
  '-std=c++17',
  '-g1',
  '-fPIC',
  '-DTP_SIMT_SHIM',
  '-fvisibility=hidden',
  '-fno-strict-aliasing',
  '-ffp-contract=off',
  '-Wall',
  '-Wextra',
  '-Wno-unknown-pragmas',
];

/** Kernels are instrumented as for the sanitizers; the calls lead to the SIMT machine (shim/README.md). */
const kernelFlags = ['-O1', '-fsanitize=thread,alignment,bounds,shift'];

const hostCompiler = process.env.CXX ?? 'g++';
const newestOf = (paths) => Math.max(...paths.map((path) => statSync(path).mtimeMs));

/** Compiles what changed, or what a header of which changed; answers the object's path. */
function hostObject(source, headersMs) {
  const object = join(out, 'host', `${relative(root, source).replaceAll('/', '-')}.o`);
  const neededMs = Math.max(headersMs, newestOf([source]));
  if (existsSync(object) && statSync(object).mtimeMs > neededMs) return object;
  const flags = source.endsWith('.cu') ? [...kernelFlags, '-x', 'c++'] : ['-O2'];
  const includes = [include, `-I${join(root, 'cuda', 'shim')}`];
  // Two builds may run at once: whoever is last puts a whole object there.
  const made = `${object}.${process.pid}`;
  run(hostCompiler, [...hostFlags, ...includes, ...flags, '-c', source, '-o', made]);
  renameSync(made, object);
  return object;
}

function hostObjects(...folders) {
  mkdirSync(join(out, 'host'), { recursive: true });
  const headers = ['host', 'kernels', 'library', 'library-test', 'shim'].flatMap((folder) =>
    sourcesIn(folder, '.h', '.cuh'),
  );
  const headersMs = newestOf(headers);
  const sources = ['library', 'host', 'shim', ...folders].flatMap((folder) =>
    sourcesIn(folder, '.cc', '.cu'),
  );
  return sources.map((source) => hostObject(source, headersMs));
}

function buildHost() {
  const path = join(out, 'libtriptych_cuda_host.so');
  // The SIMT machine asks where the program lies: here, from the first code of the library to its last data.
  const image = '-Wl,--defsym=__executable_start=_init';
  run(hostCompiler, ['-shared', image, ...hostObjects(), '-ldl', '-pthread', '-o', path]);
  process.stdout.write(`${path}\n`);
}

function buildTest() {
  const path = join(out, 'library-test');
  run(hostCompiler, [...hostObjects('library-test'), '-ldl', '-pthread', '-o', path]);
  process.stdout.write(`${path}\n`);
}

function buildDev() {
  const programs = {
    ladder: [join(root, 'cuda', 'dev', 'ladder.cu')],
    stages: [join(root, 'cuda', 'dev', 'stages.cu'), ...sourcesIn('library', '.cc', '.cu')],
    'library-test-gpu': [...sourcesIn('library-test', '.cc'), ...sourcesIn('library', '.cc', '.cu')],
  };
  for (const [name, sources] of Object.entries(programs)) {
    const path = join(out, name);
    nvcc(['-o', path, ...sources, '-ldl']);
    process.stdout.write(`${path}\n`);
  }
}

mkdirSync(out, { recursive: true });
if (options.host) buildHost();
else if (options.test) buildTest();
else if (options.dev) buildDev();
else buildLibrary();
