// Plants faults into copies of the kernels (mutants-list.mjs), compiles each for the SIMT shim and wants its test
// to fail. Without a compiler it says so and does nothing.
//   node cuda/test/mutants.mjs [--every N] [--only TEXT]     every Nth mutant; those whose name holds TEXT
import { execFile, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mutatedKernels } from './mutants-list.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const build = join(root, 'build', 'cuda-shim');
const kernels = join(root, 'cuda', 'kernels');
/** A mutant that runs longer hangs; the whole test takes a tenth of it. */
const timeoutMs = 120_000;

const scratch = mkdtempSync(join(tmpdir(), 'triptych-mutants-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

function option(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

function fail(text) {
  process.stdout.write(`${text}\n`);
  process.exit(1);
}

/** Runs a program; never rejects. */
function run(command, args) {
  const env = { ...process.env, TRIPTYCH_SHIM_STOP: '1' };
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      { cwd: root, env, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 1 << 26 },
      (error, stdout, stderr) =>
        resolve({ ok: error === null, hung: error?.killed === true, output: `${stdout}${stderr}` }),
    );
  });
}

/** Builds the tests as they are; answers how the kernels are compiled and what each test is linked from. */
function buildTests() {
  const steps = [
    ['cmake', '-S', 'cuda/test', '-B', build, '-DCMAKE_CXX_COMPILER=g++'],
    ['cmake', '--build', build, '--target', 'triptych_shim_tests', '--parallel', '2'],
  ];
  for (const [command, ...args] of steps) {
    const done = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
    if (done.status !== 0) fail(`${command} failed:\n${done.stdout}${done.stderr}`);
  }
  const commands = JSON.parse(readFileSync(join(build, 'compile_commands.json'), 'utf8'));
  const parts = commands.map(({ command, file, directory }) => {
    const words = command.split(' ').filter((word) => word !== '');
    const out = words.indexOf('-o');
    return { file, object: join(directory, words[out + 1]), words: words.toSpliced(out, 2) };
  });
  const objectsOf = (target) =>
    parts.filter(({ object }) => object.includes(`/${target}.dir/`)).map(({ object }) => object);
  const shipped = parts.find(({ file }) => file.endsWith('/shipped-kernels.cc'));
  return {
    compile: shipped.words,
    objects: (test) => ['triptych_simt', 'triptych_shim_fixture', test].flatMap(objectsOf),
  };
}

function mutants() {
  const all = mutatedKernels.flatMap(({ file, test, changes }) =>
    changes.map(([name, find, put, equivalent]) => ({
      name: `${file}: ${name}`,
      file,
      test,
      find,
      put,
      equivalent,
    })),
  );
  const every = Number(option('--every') ?? 1);
  const only = option('--only') ?? '';
  return all.filter(({ name }, index) => index % every === 0 && name.includes(only));
}

/** A copy of the kernels with the change in it; null where its text is not there exactly once. */
function plant({ file, find, put }, folder) {
  cpSync(kernels, folder, { recursive: true });
  const text = readFileSync(join(folder, file), 'utf8');
  const pattern = find instanceof RegExp ? new RegExp(find, 'g') : find;
  const places = find instanceof RegExp ? [...text.matchAll(pattern)].length : text.split(find).length - 1;
  if (places !== 1) return `its text is there ${places} times`;
  writeFileSync(
    join(folder, file),
    find instanceof RegExp ? text.replace(find, put) : text.split(find).join(put),
  );
  return null;
}

/** Compiles the kernels in `folder` and runs a test with them. */
async function testKernels(tests, folder, test) {
  const [compiler, ...flags] = tests.compile.map((word) => (word === `-I${kernels}` ? `-I${folder}` : word));
  const object = join(folder, 'kernels.o');
  const compiled = await run(compiler, [...flags, '-o', object]);
  if (!compiled.ok) return { problem: `does not compile:\n${compiled.output.slice(0, 2000)}` };
  const program = join(folder, test);
  const linked = await run(compiler, [...tests.objects(test), object, '-o', program, '-ldl']);
  if (!linked.ok) return { problem: `does not link:\n${linked.output.slice(0, 2000)}` };
  const tested = await run(program, []);
  const lines = tested.output.split('\n').filter((line) => line.startsWith('  '));
  return { caught: !tested.ok, how: tested.hung ? 'hangs' : (lines.at(-1) ?? 'crashes').trim() };
}

async function judge(tests, mutant, folder) {
  mkdirSync(folder);
  const missing = plant(mutant, folder);
  const found = missing === null ? await testKernels(tests, folder, mutant.test) : { problem: missing };
  rmSync(folder, { recursive: true, force: true });
  if (found.problem !== undefined) return { ok: false, text: found.problem };
  if (mutant.equivalent === undefined)
    return { ok: found.caught, text: found.caught ? `caught: ${found.how}` : 'SURVIVED' };
  return found.caught
    ? { ok: false, text: `is listed as equivalent, but was caught: ${found.how}` }
    : { ok: true, text: `equivalent: ${mutant.equivalent}` };
}

const missing = ['g++', 'cmake'].find((tool) => spawnSync(tool, ['--version']).status !== 0);
if (missing !== undefined) {
  process.stdout.write(`mutants: skipped, no ${missing} on this machine\n`);
  process.exit(0);
}
const tests = buildTests();
const list = mutants();
if (list.length === 0) fail('mutants: none is meant');
const failures = [];

/** What was not changed must pass, or else a failing test says nothing about a mutant. */
async function checkOriginal(test) {
  const folder = join(scratch, `original-${test}`);
  cpSync(kernels, folder, { recursive: true });
  const found = await testKernels(tests, folder, test);
  if (found.problem !== undefined || found.caught)
    fail(`${test} fails without a mutant: ${found.problem ?? found.how}`);
}

/** Takes jobs from one list until none is left. */
async function work(jobs) {
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job();
}

const jobs = [
  ...[...new Set(list.map(({ test }) => test))].map((test) => () => checkOriginal(test)),
  ...list.map((mutant, index) => async () => {
    const { ok, text } = await judge(tests, mutant, join(scratch, `${index}`));
    if (!ok) failures.push(mutant.name);
    process.stdout.write(
      `${ok ? 'ok' : 'FAILED'} ${mutant.name}: ${text.replaceAll(root, '').slice(0, 300)}\n`,
    );
  }),
];
await Promise.all(Array.from({ length: Math.min(8, availableParallelism()) }, () => work(jobs)));
process.stdout.write(`mutants: ${list.length - failures.length} of ${list.length} as they should be\n`);
if (failures.length > 0) fail(`not caught or broken:\n${failures.map((name) => `  ${name}`).join('\n')}`);
