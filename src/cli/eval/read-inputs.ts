import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { judgedQueries } from '../../eval/evaluation.ts';
import { type EvalQuery, parseQueries } from '../../eval/query-file.ts';
import { parseQrels, parseRun, type Qrels, type Rankings } from '../../eval/trec-files.ts';
import { evalLimits } from '../../eval-limits.ts';
import { wrongFlag } from '../reach-server.ts';
import type { Runtime } from '../runtime.ts';
import type { EvalOptions } from './options.ts';

/** All that is read before anything is searched. */
export interface EvalInputs {
  /** Those that are judged. */
  readonly queries: readonly EvalQuery[];
  readonly qrels: Qrels;
  readonly profiles: readonly string[];
  /** Runs of other systems, by the name of their file. */
  readonly runs: ReadonlyMap<string, Rankings>;
  /** Queries of the file without a relevant document. */
  readonly notJudged: readonly string[];
  /** Judged queries that the file lacks. */
  readonly notAsked: readonly string[];
}

/** @throws TriptychError invalid_settings */
export async function readInputs(runtime: Runtime, options: EvalOptions): Promise<EvalInputs> {
  const profiles = [...new Set(options.profile.split(',').map((name) => name.trim()))];
  if (profiles.includes('')) throw wrongFlag('--profile', 'must be names of profiles, divided by commas');
  const compared = [...new Set(options.compare ?? [])];
  if (profiles.length + compared.length > evalLimits.systemsMax)
    throw wrongFlag('--profile', `and --compare are at most ${evalLimits.systemsMax} systems`);
  const twice = compared.find((file) => profiles.includes(file));
  if (twice !== undefined) throw wrongFlag('--compare', `${twice} is the name of a profile: try ./${twice}`);
  if (options.run !== undefined) await checkFolder(runtime, options.run);
  const queries = parseQueries(await read(runtime, '--queries', options.queries), options.queries);
  const qrels = parseQrels(await read(runtime, '--qrels', options.qrels), options.qrels);
  const runs = new Map<string, Rankings>();
  for (const file of compared) runs.set(file, parseRun(await read(runtime, '--compare', file), file));
  const asked = queries.map(({ id }) => id);
  const judged = new Set(judgedQueries(asked, qrels));
  if (judged.size === 0)
    throw wrongFlag('--qrels', 'have a relevant document for none of the queries: are their ids the same?');
  return {
    queries: queries.filter(({ id }) => judged.has(id)),
    ...{ qrels, profiles, runs },
    notJudged: asked.filter((query) => !judged.has(query)),
    notAsked: judgedQueries([...qrels.keys()], qrels).filter((query) => !judged.has(query)),
  };
}

async function checkFolder(runtime: Runtime, file: string): Promise<void> {
  const folder = dirname(resolve(runtime.cwd, file));
  const found = await stat(folder).catch(() => null);
  if (found === null || !found.isDirectory()) throw wrongFlag('--run', `${folder} is not a folder`);
}

async function read(runtime: Runtime, flag: string, file: string): Promise<string> {
  const path = resolve(runtime.cwd, file);
  const found = await stat(path).catch(() => null);
  if (found === null || !found.isFile()) throw wrongFlag(flag, `${file} is not a file`);
  if (found.size > evalLimits.fileBytesMax)
    throw wrongFlag(flag, `${file} has ${found.size} bytes, more than ${evalLimits.fileBytesMax}`);
  return readFile(path, 'utf8');
}
