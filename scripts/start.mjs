// npm start: sets everything up, then serves in this very process, so that signals reach the service.
import { setUp } from './setup.mjs';

// npm hands a signal to the shell between, which ends without passing it on: what is left without its parent stops too,
// unless the signal reached it already, as Ctrl-C does.
const parent = process.ppid;
const watch = setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
}, 250);
watch.unref();
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    clearInterval(watch);
    // Before the service listens to signals there is nothing to finish.
    if (process.listenerCount(signal) === 0) process.exit(signal === 'SIGINT' ? 130 : 143);
  });

await setUp();
process.argv.splice(2, 0, 'serve');
await import('../dist/cli/main.js');
