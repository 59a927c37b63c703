import { Command } from 'commander';
import type { SettingName } from '../config/schema.ts';
import { nameProblem } from '../domain/names.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { ingestFile } from './ingest/ingest-file.ts';
import type { IngestOptions } from './ingest/options.ts';
import type { Runtime } from './runtime.ts';
import { addSettingFlags, configOf } from './settings-flags.ts';

const usedSettings: readonly SettingName[] = [
  'dataDir',
  'logLevel',
  'embedder',
  'openaiUrl',
  'openaiModel',
  'openaiKey',
  'openaiKeyFile',
  'openaiDimension',
];

const help = `
Examples:
  triptych ingest films.ndjson --schema films.schema.json
  zcat films.ndjson.gz | triptych ingest - --schema films.schema.json --json
  triptych ingest films.ndjson --schema films.schema.json --replace

Rows that cannot become documents go to FILE.rejects.ndjson: {line, reason, path, row}.
An interrupted run continues where it stopped when the same command is given again.
While a server uses the data folder, rows go through its HTTP API. A server with keys needs one of the scope
ingest, in TRIPTYCH_API_KEY or a file; the rows go to the key's tenant.
Exit codes: 0 all written, 3 some rows rejected, 1 failed, 2 wrong usage, 130 interrupted.`;

/** `triptych ingest FILE --schema S` */
export function ingestCommand(runtime: Runtime, done: (code: ExitCode) => void): Command {
  const command = new Command('ingest')
    .description('Write the rows of an NDJSON file into the catalogue.')
    .argument('<file>', 'one JSON object per line; - reads standard input')
    .requiredOption('--schema <file>', 'what the rows mean: ids, titles, facets, fields, embedding')
    .option('--url <url>', 'write through the server at this address')
    .option('--api-key-file <file>', 'file with the API key for that server, instead of TRIPTYCH_API_KEY')
    .option('--tenant <tenant>', 'whose catalogue, in a data folder (default: default); a key has its own')
    .option('--replace', 'load beside the present catalogue, whatever its schema, and swap at the end')
    .option('--accept-rejects', 'with --replace: swap although rows were rejected')
    .option('--restart', 'start over instead of continuing an interrupted run')
    .option('--rejects <file>', 'where rejected rows go')
    .option('--json', 'print the summary as JSON')
    .addHelpText('after', help);
  addSettingFlags(command, usedSettings);
  command.action(async (file: string, options: IngestOptions & Record<string, unknown>) => {
    if (options.replace && options.url !== undefined)
      command.error('error: --replace works on a data folder, not through --url', {
        exitCode: exitCodes.usage,
      });
    if (options.tenant !== undefined && options.url !== undefined)
      command.error('error: --tenant is for a data folder; through --url the API key has a tenant', {
        exitCode: exitCodes.usage,
      });
    const problem = options.tenant === undefined ? null : nameProblem(options.tenant);
    if (problem !== null) command.error(`error: --tenant ${problem}`, { exitCode: exitCodes.usage });
    done(await ingestFile(runtime, file, options, configOf(runtime, options, usedSettings)));
  });
  return command;
}
