// npm run bench:plots [-- RESULT.json ...]: draws the newest recorded results, or those named, into docs/plots.
import { compileBench } from './compile-bench.mjs';

await compileBench();
const { drawPlots } = await import('../dist-bench/bench/plots/draw-plots.js');
for (const path of drawPlots(process.argv.slice(2))) process.stdout.write(`${path}\n`);
