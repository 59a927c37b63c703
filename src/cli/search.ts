import { Command } from 'commander';
import type { SearchBody } from '../client/index.ts';
import { limits } from '../limits.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import {
  type AskerOptions,
  addAskerFlags,
  askerOf,
  chosen,
  collected,
  given,
  jsonOf,
  numberOf,
} from './query-flags.ts';
import { addReachFlags, type ReachOptions, reachHelp, withServer } from './reach-server.ts';
import type { Runtime } from './runtime.ts';
import { answerLines } from './search/answer-lines.ts';
import { whyLines } from './search/why-lines.ts';
import { styleOf } from './style.ts';

const help = `
Examples:
  triptych search lonely robot in space
  triptych search pixar --filter '{"field": "year", "gte": 2005}' --k 3 --explain
  triptych search --user ann --profile personal --constraint '{"kind": "quota", "facet": "directors", "max": 1, "within": 5}'
  triptych search --like toy-story-1995-11-22 --include facets --json | jq .results
  triptych search ghost story --context kids --why thirteen-ghosts-2001-10-26
${reachHelp}
--json prints the answer of POST /v1/search (with --why: of POST /v1/explain) as it came.
Exit codes: 0 answered, also where nothing was found; 1 failed; 2 wrong usage or a search that cannot be.`;

interface SearchOptions extends ReachOptions, AskerOptions {
  readonly filter?: unknown;
  readonly like?: readonly string[];
  readonly k?: number;
  readonly minScore?: number;
  readonly include?: readonly string[];
  readonly cursor?: string;
  readonly explain?: boolean;
  readonly why?: string;
  readonly json?: boolean;
}

const included = ['fields', 'facets', 'facet_counts'] as const;

/** `triptych search [QUERY...]` */
export function searchCommand(runtime: Runtime, done: (code: ExitCode) => void): Command {
  const command = new Command('search')
    .description('Search a catalogue, and show the reasons of each result.')
    .argument(
      '[query...]',
      'words to search for; without them --like, --user or --filter say what is wanted',
    );
  addAskerFlags(command)
    .option('--filter <json>', 'condition on documents', jsonOf('--filter'))
    .option('--like <id>', 'document to find more of; may be repeated', collected<string>())
    .option('--k <number>', 'results (default: 10)', numberOf('--k'))
    .option('--min-score <number>', 'leave out what scores less', numberOf('--min-score'))
    .option(
      '--include <what>',
      `${included.join(', ')}: show them, too; may be repeated`,
      chosen('--include', included),
    )
    .option('--cursor <cursor>', 'continue the list of an earlier answer')
    .option('--explain', 'show signals with their weights, ranks and the plan')
    .option('--why <id>', 'show why this document is where it is, or is not there')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', help);
  addReachFlags(command);
  command.action(async (words: readonly string[], options: SearchOptions & Record<string, unknown>) => {
    await search(runtime, words.join(' '), options);
    done(exitCodes.ok);
  });
  return command;
}

async function search(
  runtime: Runtime,
  query: string,
  options: SearchOptions & Readonly<Record<string, unknown>>,
): Promise<void> {
  const { filter, like, k, minScore, include, cursor, explain, why, json } = options;
  // What the flags hold the service checks, with paths of its own.
  const body = {
    ...given({
      query: query === '' ? undefined : query,
      filter,
      like,
      k,
      min_score: minScore,
      include,
      cursor,
    }),
    // A process that was only just opened is slow, and who sits at a terminal waits.
    timeout_ms: limits.timeoutMsMax,
    ...askerOf(options),
    ...(explain && { explain: 'full' }),
  } as SearchBody;
  const style = styleOf(runtime);
  await withServer(runtime, options, async ({ client }) => {
    const print = (answer: unknown, lines: () => string[]): void => {
      runtime.stdout.write(`${json ? JSON.stringify(answer) : lines().join('\n')}\n`);
    };
    if (why !== undefined) {
      const answer = await client.explain({ ...body, document: why });
      print(answer, () => whyLines(answer, style));
    } else {
      const answer = await client.search(body);
      print(answer, () => answerLines(answer, style));
    }
  });
}
