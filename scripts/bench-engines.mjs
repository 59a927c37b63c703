// npm run bench:engines: runs `search-engines` and `search-engines-cached`, or the cases named by --only, over the engines
// with the arguments given after `--`.
import { compileBench } from './compile-bench.mjs';
import { runWithEngines } from './engines/run-with.mjs';

await compileBench();
const args = process.argv.slice(2);
const cases = args.some((arg) => arg.startsWith('--only'))
  ? []
  : ['--only', 'search-engines', '--only', 'search-engines-cached'];
const bench = ['dist-bench/bench/run.js', ...cases, ...args];
const { code } = await runWithEngines(['postgres', 'redis', 'milvus', 'neo4j'], bench);
process.exitCode = code;
