// npm test: sets everything up, then runs vitest in this process with the arguments given after `--`.
import { setUp } from './setup.mjs';

await setUp();
process.env.TRIPTYCH_SKIP_BUILD = '1';
process.argv.splice(2, 0, 'run');
await import('../node_modules/vitest/vitest.mjs');
