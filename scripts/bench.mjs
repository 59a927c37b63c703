// npm run bench: sets everything up, compiles bench/, and runs it with the arguments given after `--`.
import { compileBench } from './compile-bench.mjs';

await compileBench();
await import('../dist-bench/bench/run.js');
