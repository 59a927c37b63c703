import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import type { RerankAnswer, RerankBody } from '../client/index.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import { readLines } from '../std/lines.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { type AskerOptions, addAskerFlags, askerOf, given, numberOf } from './query-flags.ts';
import { addReachFlags, type ReachOptions, reachHelp, withServer } from './reach-server.ts';
import type { Runtime } from './runtime.ts';
import { coverageLines, warningLines } from './search/part-lines.ts';
import { bar, cut, type Style, shown, styleOf } from './style.ts';

const help = `
Examples:
  triptych rerank "toys that live" ids.txt --top-n 5
  triptych search toys --json | jq -r '.results[].id' | triptych rerank "toys that live" - --user ann
  triptych rerank "how to return an order" passages.txt --texts --json

FILE has one id of the catalogue in each line or, with --texts, one text; - reads standard input. Empty lines count
as none, at most ${limits.windowMax} others are read.
${reachHelp}
--json prints the answer of POST /v1/rerank as it came: index is the place in FILE, from 0.
Exit codes: 0 answered, 1 failed, 2 wrong usage or a request that cannot be.`;

interface RerankOptions extends ReachOptions, AskerOptions {
  readonly texts?: boolean;
  readonly topN?: number;
  readonly json?: boolean;
}

/** `triptych rerank QUERY FILE` */
export function rerankCommand(runtime: Runtime, done: (code: ExitCode) => void): Command {
  const command = new Command('rerank')
    .description('Put documents or texts that were found elsewhere in order for a query.')
    .argument('<query>', 'what they are wanted for')
    .argument('<file>', 'ids, or texts, one a line; - reads standard input')
    .option('--texts', 'the lines are texts, not ids of the catalogue')
    .option('--top-n <number>', 'answer only so many (default: all)', numberOf('--top-n'));
  addAskerFlags(command).option('--json', 'print the answer as JSON').addHelpText('after', help);
  addReachFlags(command);
  command.action(async (query: string, file: string, options: RerankOptions & Record<string, unknown>) => {
    const lines = await linesOf(runtime, file);
    const what = options.texts ? { documents: lines } : { ids: lines };
    const asked: object = { query, ...what, ...given({ top_n: options.topN }), ...askerOf(options) };
    const body = asked as RerankBody;
    await withServer(runtime, options, async ({ client }) => {
      const answer = await client.rerank(body);
      const text = options.json
        ? JSON.stringify(answer)
        : rerankLines(answer, lines, styleOf(runtime)).join('\n');
      runtime.stdout.write(`${text}\n`);
    });
    done(exitCodes.ok);
  });
  return command;
}

/** The lines of a file that are not empty. @throws TriptychError not_found | body_too_large | invalid_request */
async function linesOf(runtime: Runtime, file: string): Promise<string[]> {
  const stream = file === '-' ? runtime.stdin : createReadStream(resolve(runtime.cwd, file));
  const found: string[] = [];
  try {
    const options = { lineBytesMax: limits.searchBodyBytesMax, startByte: 0, startLine: 0 };
    for await (const { number, text, problem } of readLines(stream, options)) {
      if (text === null) throw new TriptychError('invalid_request', `${file}: line ${number}: ${problem}`);
      if (text.trim() !== '') found.push(text.trim());
      if (found.length > limits.windowMax)
        throw new TriptychError('body_too_large', `${file} has more than ${limits.windowMax} lines`);
    }
  } catch (error) {
    if (error instanceof TriptychError) throw error;
    throw new TriptychError('not_found', `${file} cannot be read`, { cause: error });
  }
  return found;
}

const barColumns = 20;

function rerankLines(
  { results, warnings, meta }: RerankAnswer,
  lines: readonly string[],
  style: Style,
): string[] {
  return [
    ...results.map(({ index, relevance_score: score }, place) => {
      const rank = `${String(place + 1).padStart(3)} ${score.toFixed(3)}`;
      const text = shown(lines[index] ?? '');
      return cut(`${rank} ${bar(score, barColumns)}  ${text}`, style.columns);
    }),
    style.dim(`${results.length} of ${lines.length}; ${meta.backend}, ${meta.took_ms.toFixed(1)} ms`),
    ...warningLines(warnings, style),
    ...coverageLines(meta, style),
  ];
}
