// What the bench scripts share: everything is set up, and bench/ is compiled over the dist/ that ships.
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fail, root, run, setUp, tsc } from './setup.mjs';

export async function compileBench() {
  await setUp();
  const copy = join(root, 'dist-bench', 'src');
  rmSync(copy, { recursive: true, force: true });
  const failure = await run(process.execPath, [tsc, '-p', 'tsconfig.bench.json']);
  if (failure !== null) fail(`The benches do not compile (${failure}).`);
  // The benches import ../src/*: the link makes that dist/ itself, so what is measured is what ships.
  rmSync(copy, { recursive: true, force: true });
  symlinkSync(join(root, 'dist'), copy, 'junction');
  // Scripts are plain JavaScript: what imports them finds them at their place.
  const scripts = join(root, 'dist-bench', 'scripts');
  rmSync(scripts, { recursive: true, force: true });
  symlinkSync(join(root, 'scripts'), scripts, 'junction');
}
