// npm run build:tfjs-node [-- --gpu]: makes the scoring backend `tfjs-node` (or `tfjs-gpu`) available, in .tfjs-node/.
//
// The install script of @tensorflow/tfjs-node downloads TensorFlow 2.9 from a storage bucket, which is not a package
// registry and has no code for GPUs since 2022. Its binding compiles unchanged against the libraries of a later TensorFlow
// wheel; that is what this does, with nothing but the npm and Python registries. Every step that was done is left alone.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fail, root, run, say, setUp } from './setup.mjs';

const gpu = process.argv.includes('--gpu');
const name = gpu ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node';
const version = '4.22.0';
const home = join(root, '.tfjs-node');
const packageFolder = join(home, 'node_modules', ...name.split('/'));
const bindingFolder = join(packageFolder, 'lib', 'napi-v8');
/** Where the wheels are unpacked: `tensorflow` stands in it, and the CUDA libraries beside that. */
const wheels = join(home, gpu ? 'gpu' : 'cpu');
const tensorflow = join(wheels, 'tensorflow');
const requirement = gpu
  ? 'tensorflow[and-cuda]==2.18.1'
  : 'tensorflow-cpu==2.18.1 --hash=sha256:810c75d7149d2da0cb2092187817b0dcabb80728ca9f9cf3a61f3f42fadd1298';
/** What the binding needs of a wheel. */
const members = [
  'libtensorflow',
  'include/tensorflow/c/',
  'include/tsl/',
  'include/xla/tsl/c/',
  'include/tensorflow/core/platform/',
];
/** The libraries are the same for every Python; this one has wheels of that TensorFlow. */
const forPython = [
  '--only-binary=:all:',
  '--python-version=3.11',
  '--platform=manylinux2014_x86_64',
  '--platform=manylinux_2_17_x86_64',
];
/** Python: unpacks those files of a wheel whose names begin, below tensorflow/, with one of the last arguments. */
const unpack = `
import sys, zipfile
wheel, folder, *members = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name.startswith(tuple('tensorflow/' + member for member in members)):
            archive.extract(name, folder)
`;

const stampPath = join(home, `${gpu ? 'gpu' : 'cpu'}.stamp`);
const stamp = `${name}@${version} ${requirement} ${readFileSync(new URL(import.meta.url), 'utf8').length}\n`;

if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === stamp) {
  say(`${name} is built already, in .tfjs-node/.`);
} else {
  checkTools();
  // The headers of Node-API are a dependency.
  await setUp();
  mkdirSync(home, { recursive: true });
  await installPackage();
  await unpackTensorFlow();
  await compileBinding();
  tryIt();
  writeFileSync(stampPath, stamp);
}

function checkTools() {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    fail(`There are TensorFlow wheels for Linux on x86-64; this is ${process.platform} on ${process.arch}.`);
  const tools = [
    ['python3', ['--version'], 'python3'],
    ['python3', ['-m', 'pip', '--version'], 'python3-pip'],
    ['g++', ['--version'], 'g++'],
  ];
  const missing = tools.filter(([command, args]) => !works(command, args)).map(([, , debian]) => debian);
  if (missing.length > 0)
    fail(`Missing: ${missing.join(', ')}. On Debian: apt-get install ${missing.join(' ')}`);
}

function works(command, args) {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function installPackage() {
  if (existsSync(join(packageFolder, 'package.json'))) return;
  say(`Installing ${name} ${version} without its install script ...`);
  const manifest = join(home, 'package.json');
  if (!existsSync(manifest)) writeFileSync(manifest, '{ "private": true }\n');
  const args = [
    'install',
    '--prefix',
    home,
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  await must('npm did not install it', 'npm', [
    ...args,
    '--engine-strict=false',
    '--save-exact',
    `${name}@${version}`,
  ]);
}

async function unpackTensorFlow() {
  if (existsSync(join(tensorflow, 'libtensorflow_cc.so.2'))) return;
  const downloads = join(home, 'downloads');
  mkdirSync(downloads, { recursive: true });
  mkdirSync(wheels, { recursive: true });
  say(`Downloading ${requirement.split(' ')[0]} (${gpu ? 'several GB' : '230 MB'}) ...`);
  const wanted = join(home, 'requirements.txt');
  writeFileSync(wanted, `${requirement}\n`);
  const pip = ['-m', 'pip', '--quiet', '--disable-pip-version-check'];
  if (gpu) {
    await must('pip did not install it', 'python3', [
      ...pip,
      'install',
      '--target',
      wheels,
      ...forPython,
      '-r',
      wanted,
    ]);
  } else {
    await must('pip did not find it', 'python3', [
      ...pip,
      'download',
      '--no-deps',
      '-d',
      downloads,
      ...forPython,
      '-r',
      wanted,
    ]);
    const wheel = readdirSync(downloads).find((file) => file.startsWith('tensorflow_cpu-2.18.1-'));
    await must('the wheel could not be unpacked', 'python3', [
      '-c',
      unpack,
      join(downloads, wheel),
      wheels,
      ...members,
    ]);
  }
  rmSync(downloads, { recursive: true, force: true });
}

async function compileBinding() {
  say('Compiling the binding ...');
  mkdirSync(bindingFolder, { recursive: true });
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(packageFolder, 'binding', file));
  const target = join(bindingFolder, 'tfjs_binding.node');
  const partial = `${target}.partial`;
  await must('the binding does not compile', 'g++', [
    ...['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8', '-w'],
    ...['-I', join(root, 'node_modules', 'node-api-headers', 'include')],
    ...['-I', packageFolder, '-I', join(tensorflow, 'include')],
    ...sources,
    ...['-L', tensorflow, '-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'],
    // From node_modules/@tensorflow/NAME/lib/napi-v8 to .tfjs-node, so that the folder can be moved.
    `-Wl,-rpath,$ORIGIN/../../../../../${gpu ? 'gpu' : 'cpu'}/tensorflow`,
    ...['-o', partial],
  ]);
  copyFileSync(partial, target);
  rmSync(partial);
}

/** Loads what was built, on a small sum. */
function tryIt() {
  const program = `
    const util = require('node:util');
    util.isNullOrUndefined ??= (value) => value === null || value === undefined;
    const tf = require(${JSON.stringify(packageFolder)});
    const sum = tf.sum(tf.tensor1d([1, 2, 3])).dataSync()[0];
    if (sum !== 6) throw new Error('1 + 2 + 3 is ' + sum);
    process.stderr.write(tf.version['tfjs-node'] + ' on TensorFlow ' + tf.backend().binding.TF_Version + '\\n');`;
  try {
    execFileSync(process.execPath, ['-e', program], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
    });
  } catch {
    fail(`${name} was built but does not run, see above.`);
  }
  say(`${name} is built, in .tfjs-node/.`);
}

async function must(what, command, args) {
  const failure = await run(command, args);
  if (failure !== null) fail(`${what} (${command}: ${failure}).`);
}
