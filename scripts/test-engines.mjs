// npm run test:engines: runs the suites of test/engines with the arguments given after `--`. Where an engine is not to be
// had its suites are skipped, or fail where CI is set.
import { engines } from './engines/all.mjs';
import { runWithEngines } from './engines/run-with.mjs';
import { say, setUp } from './setup.mjs';

await setUp();
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.engines.config.ts'];
const { code, failed } = await runWithEngines(Object.keys(engines), [...vitest, ...process.argv.slice(2)], {
  TRIPTYCH_SKIP_BUILD: '1',
});
for (const { name, failure } of failed) say(`${name} is not available: ${failure}`);
process.exitCode = failed.length > 0 && process.env.CI ? code || 1 : code;
