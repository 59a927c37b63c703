// Calls every export of the addon with arguments and arenas that are wrong in ways drawn from a seed. What must hold: a
// call answers or throws an Error with a code; the process lives; calls in between that are right give the right answer.
//   npm run fuzz:native -- --calls 1000000 --sanitize
// --sanitize builds with AddressSanitizer and UBSan into build-asan/ and runs under them: the first report ends the run.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compile } from './build-native.mjs';
import { Random } from './native-fixture.mjs';
import { Fuzzer } from './native-fuzzer.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    calls: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    sanitize: { type: 'boolean', default: false },
    addon: { type: 'string', default: join(root, 'build', 'Release', 'triptych.node') },
  },
});

if (options.sanitize) process.exit(await underSanitizers());
await fuzz(Number(options.calls), Number(options.seed));

/** Runs this script again with the sanitizers' library in front. */
async function underSanitizers() {
  const folder = join(root, 'build-asan');
  const failure = await compile(folder, ['TRIPTYCH_SANITIZE=address,undefined'], null);
  if (failure !== null) throw new Error(`the build with sanitizers failed: ${failure}`);
  const runtime = spawnSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).stdout.trim();
  const env = {
    ...process.env,
    LD_PRELOAD: runtime,
    // Node never frees all of its own.
    ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1:allocator_may_return_null=1',
    UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
  };
  const addon = join(folder, 'Release', 'triptych.node');
  const args = [
    fileURLToPath(import.meta.url),
    '--calls',
    options.calls,
    '--seed',
    options.seed,
    '--addon',
    addon,
  ];
  const { status, signal } = spawnSync(process.execPath, ['--expose-gc', ...args], { env, stdio: 'inherit' });
  return status ?? (signal === null ? 1 : 2);
}

async function fuzz(calls, seed) {
  if (!existsSync(options.addon)) throw new Error(`${options.addon} is not there: npm run build:native`);
  const addon = createRequire(import.meta.url)(options.addon);
  addon.start({ threads: 2, queueMax: 8 });
  const fuzzer = new Fuzzer(addon, new Random(seed));
  const started = Date.now();
  let threw = 0;
  for (let done = 0; done < calls; done++) {
    if (await fuzzer.call()) threw++;
    if (done % 64 === 0) await fuzzer.settle();
    if (done % 50_000 === 0 && done > 0) process.stderr.write(`${done} calls\n`);
  }
  await fuzzer.settle();
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  const kinds = [...fuzzer.codes].map(([code, count]) => `${code} ${count}`).join(', ');
  const stats = addon.stats();
  process.stdout.write(
    `${calls} calls in ${seconds} s, seed ${seed}: ${calls - threw} answered, ${threw} refused (${kinds}); ` +
      `${fuzzer.checked} right calls in between answered rightly; allocations ${stats.allocations}\n`,
  );
}
