// Installs the Python clients that test/process/cohere-python.test.ts runs, each into an environment of its own below
// build/. Needs python3 with venv (Debian: python3-venv).
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const versions = { 5: '5.21.1', 7: '7.3.1' };

for (const [major, version] of Object.entries(versions)) {
  const folder = fileURLToPath(new URL(`../build/cohere-${major}`, import.meta.url));
  const python = join(folder, 'bin', 'python');
  if (
    existsSync(python) &&
    ran(python, '-c', `import cohere; assert cohere.__version__ == "${version}"`, true)
  )
    continue;
  rmSync(folder, { recursive: true, force: true });
  if (
    !ran('python3', '-m', 'venv', folder) ||
    !ran(
      python,
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-compile',
      '--disable-pip-version-check',
      `cohere==${version}`,
    )
  ) {
    rmSync(folder, { recursive: true, force: true });
    process.exit(1);
  }
}

/** @param {string} command @param {(string | true)[]} args the last one may be true: its output is of no interest */
function ran(command, ...args) {
  const quiet = args.at(-1) === true;
  const given = args.filter((arg) => arg !== true);
  const { status, error } = spawnSync(command, given, {
    stdio: quiet ? 'ignore' : ['ignore', 'inherit', 'inherit'],
  });
  if (error !== undefined) process.stderr.write(`${command}: ${error.message}\n`);
  return status === 0;
}
