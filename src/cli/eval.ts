import { Command } from 'commander';
import { limits } from '../limits.ts';
import { evaluateFiles } from './eval/evaluate-files.ts';
import type { EvalOptions } from './eval/options.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { addReachFlags, reachHelp } from './reach-server.ts';
import type { Runtime } from './runtime.ts';

const help = `
Examples:
  triptych eval --queries queries.ndjson --qrels judgements.trec
  triptych eval --queries queries.ndjson --qrels judgements.trec --profile linear,rrf --k 20
  triptych eval --queries queries.ndjson --qrels judgements.trec --compare old-engine.trec --run new.trec
  triptych eval --queries queries.ndjson --qrels judgements.trec --url http://127.0.0.1:8080 --json

A query is one line, a search with an id: {"id": "q1", "query": "lonely robot", "filter": ..., "user": ...}.
A judgement is one line in TREC form, QUERY 0 DOCUMENT GRADE, a grade above 0 being relevant: q1 0 wall-e-2008 2.
The first profile is what the others, and the runs of --compare, are compared with.
${reachHelp}
Exit codes: 0 evaluated, 3 evaluated although answers were degraded, 1 failed, 2 wrong usage or files, 130 interrupted.`;

/** `triptych eval --queries Q --qrels J` */
export function evalCommand(runtime: Runtime, done: (code: ExitCode) => void): Command {
  const command = new Command('eval')
    .description(
      'Say how good the ranking is on judged queries, and whether profiles differ by more than chance.',
    )
    .requiredOption('--queries <file>', 'NDJSON, a search with an id per line')
    .requiredOption('--qrels <file>', 'judgements in TREC form')
    .option('--profile <names>', 'profiles to compare, divided by commas', 'linear')
    .option('--compare <file...>', 'runs of other systems in TREC form, judged on the same queries')
    .option('--run <file>', 'write the rankings in TREC form; with several profiles one file each')
    .option('--k <number>', `places that count, 1 to ${limits.kMax}`, '10')
    .option('--seed <number>', 'of the significance test', '1')
    .option('--json', 'print the report as JSON, with the first measure of every query')
    .addHelpText('after', help);
  addReachFlags(command);
  command.action(async (options: EvalOptions & Record<string, unknown>) => {
    const problem = usageProblem(options);
    if (problem !== null) command.error(`error: ${problem}`, { exitCode: exitCodes.usage });
    done(await evaluateFiles(runtime, options));
  });
  return command;
}

function usageProblem({ k, seed }: EvalOptions): string | null {
  if (!/^\d{1,3}$/.test(k) || Number(k) < 1 || Number(k) > limits.kMax)
    return `--k must be a whole number from 1 to ${limits.kMax}`;
  return /^\d{1,9}$/.test(seed) ? null : '--seed must be a whole number of at most 9 digits';
}
