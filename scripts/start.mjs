// npm start: sets everything up, then serves in this very process, so that signals reach the service.
import { setUp } from './setup.mjs';

await setUp();
process.argv.splice(2, 0, 'serve');
await import('../dist/cli/main.js');
