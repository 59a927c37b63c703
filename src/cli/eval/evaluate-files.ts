import { writeFile } from 'node:fs/promises';
import { parse, resolve } from 'node:path';
import { type SearchBody, type TriptychClient, TriptychRequestError } from '../../client/index.ts';
import { TriptychError } from '../../errors.ts';
import { evaluate, measuresAt } from '../../eval/evaluation.ts';
import type { EvalQuery } from '../../eval/query-file.ts';
import { type EvalReport, reportJson, reportLines } from '../../eval/report.ts';
import { type EvalAnswer, searchQueries } from '../../eval/search-queries.ts';
import { type Rankings, runLines } from '../../eval/trec-files.ts';
import { limits } from '../../limits.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { longStep, type StepWatch } from '../long-step.ts';
import { type Reached, withServer, wrongFlag } from '../reach-server.ts';
import { type Runtime, say } from '../runtime.ts';
import type { EvalOptions } from './options.ts';
import { type EvalInputs, readInputs } from './read-inputs.ts';

/** What the profiles answered. */
interface Searched {
  readonly systems: Map<string, Rankings>;
  /** Degraded answers by profile. */
  readonly degraded: Record<string, number>;
}

/** Reads queries and judgements, searches, judges and prints. */
export async function evaluateFiles(
  runtime: Runtime,
  options: EvalOptions & Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const inputs = await readInputs(runtime, options);
  const work = async ({ client }: Reached): Promise<ExitCode> => {
    const searched: Searched = { systems: new Map(), degraded: {} };
    const searches = inputs.queries.length * inputs.profiles.length;
    const code = await longStep(runtime, 'eval', searches, (watch) =>
      searchProfiles(client, inputs, watch, searched),
    );
    if (code !== exitCodes.ok) return code;
    const report = judge(options, inputs, searched);
    const text = options.json ? JSON.stringify(reportJson(report)) : reportLines(report).join('\n');
    // First: what was searched for minutes is not lost where a file cannot be written.
    runtime.stdout.write(`${text}\n`);
    await writeRuns(runtime, options, inputs.profiles, searched.systems);
    const incomplete = Object.values(report.degraded).some((answers) => answers > 0);
    return incomplete ? exitCodes.rejects : exitCodes.ok;
  };
  // Several searches at a time may be more than a key has.
  return withServer(runtime, options, work, limits.commandRetriesMax);
}

async function searchProfiles(
  client: TriptychClient,
  { queries, profiles }: EvalInputs,
  { progress, signal }: StepWatch,
  { systems, degraded }: Searched,
): Promise<void> {
  let done = 0;
  for (const profile of profiles) {
    const answered = await searchQueries(
      queries,
      (query) => search(client, query, profile, signal),
      signal,
      () => {
        done += 1;
        progress.update(done, `${done.toLocaleString('en')} searches, ${profile}`);
      },
    );
    systems.set(profile, answered.rankings);
    degraded[profile] = answered.degraded;
  }
}

async function search(
  client: TriptychClient,
  { body, place }: EvalQuery,
  profile: string,
  signal: AbortSignal,
): Promise<EvalAnswer> {
  const whole = {
    ...body,
    ...{ profile, k: limits.kMax, timeout_ms: limits.timeoutMsMax, explain: 'none', cache: 'skip' },
  };
  try {
    // The members of the line are checked by who answers.
    const { results, degraded } = await client.search(whole as SearchBody, { signal });
    return { ids: results.map(({ id }) => id), degraded };
  } catch (error) {
    throw placed(error, place);
  }
}

/** What a search is refused for, with the line that it came from. */
function placed(error: unknown, place: string): unknown {
  if (!(error instanceof TriptychRequestError) || error.status !== 400) return error;
  const pathOf = (path: string): string => {
    if (path === 'profile') return '--profile';
    return path === '$' ? place : `${place}.${path}`;
  };
  return new TriptychError('invalid_settings', `${place}: ${error.message}`, {
    cause: error,
    fields: error.fields.map(({ path, message }) => ({ path: pathOf(path), message })),
  });
}

function judge(
  options: EvalOptions,
  { queries, qrels, runs, notJudged, notAsked }: EvalInputs,
  { systems, degraded }: Searched,
): EvalReport {
  const [k, seed, depth] = [Number(options.k), Number(options.seed), limits.kMax];
  const ids = queries.map(({ id }) => id);
  const all = new Map([...systems, ...runs]);
  const evaluation = evaluate(all, qrels, ids, measuresAt(k, depth), seed);
  return { evaluation, k, depth, seed, notJudged, notAsked, degraded };
}

/** Rankings of the profiles: in the file itself, or with each profile's name before the ending. */
async function writeRuns(
  runtime: Runtime,
  { run }: EvalOptions,
  profiles: readonly string[],
  systems: ReadonlyMap<string, Rankings>,
): Promise<void> {
  if (run === undefined) return;
  const path = resolve(runtime.cwd, run);
  const { dir, name, ext } = parse(path);
  for (const profile of profiles) {
    const own = profiles.length === 1 ? path : resolve(dir, `${name}.${profile}${ext}`);
    await writeFile(own, [...runLines(systems.get(profile)!, profile)].join('')).catch((error: unknown) => {
      throw wrongFlag('--run', error instanceof Error ? error.message : String(error));
    });
    say(runtime, `Rankings of ${profile}: ${own}`);
  }
}
