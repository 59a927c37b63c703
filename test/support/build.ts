import { execFileSync } from 'node:child_process';

/**
 * Chooses the run's property seed and prints it; every test process inherits it.
 * Compiles src/ to dist/ once per run: worker threads load their entry files from dist/; builds the page where its
 * sources changed.
 * TRIPTYCH_SKIP_BUILD=1 trusts the present dist/, for quick runs of tests without workers.
 */
export default function build(): void {
  process.env.TRIPTYCH_TEST_SEED ??= String(Math.floor(Math.random() * 2 ** 31));
  process.stderr.write(`property seed: TRIPTYCH_TEST_SEED=${process.env.TRIPTYCH_TEST_SEED}\n`);
  if (process.env.TRIPTYCH_SKIP_BUILD === '1') return;
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    stdio: 'inherit',
  });
  execFileSync(process.execPath, ['scripts/build-playground.mjs'], { stdio: 'inherit' });
}
