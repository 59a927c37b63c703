// npm run bench:engines: runs the case `search-engines` over the engines with the arguments given after `--`.
import { compileBench } from './compile-bench.mjs';
import { runWithEngines } from './engines/run-with.mjs';

await compileBench();
const bench = ['dist-bench/bench/run.js', '--only', 'search-engines', ...process.argv.slice(2)];
const { code } = await runWithEngines(['postgres', 'redis', 'milvus', 'neo4j'], bench);
process.exitCode = code;
