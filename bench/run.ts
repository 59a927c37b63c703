import { parseArgs } from 'node:util';
import { tableLines } from '../src/std/table-lines.ts';
import type { BenchCase, BenchResult, BenchSize } from './case.ts';
import { evaluation } from './cases/eval.ts';
import { events } from './cases/events.ts';
import { faults } from './cases/faults.ts';
import { ingestLag } from './cases/ingest-lag.ts';
import { memory } from './cases/memory.ts';
import { rerank } from './cases/rerank.ts';
import { rerankBackends } from './cases/rerank-backends.ts';
import { rerankHttp } from './cases/rerank-http.ts';
import { rerankTexts } from './cases/rerank-texts.ts';
import { scorer } from './cases/scorer.ts';
import { searchCached } from './cases/search-cached.ts';
import { searchClients } from './cases/search-clients.ts';
import { searchEngines } from './cases/search-engines.ts';
import { searchEnginesCached } from './cases/search-engines-cached.ts';
import { searchHttp } from './cases/search-http.ts';
import { searchPersonal } from './cases/search-personal.ts';
import { searchProfile } from './cases/search-profile.ts';
import { searchScale } from './cases/search-scale.ts';
import { searchStages } from './cases/search-stages.ts';
import { textIndex } from './cases/text-index.ts';
import { benchCatalogue } from './catalogue.ts';
import { circumstances, record } from './record.ts';
import { goalColumns } from './rerank/goal.ts';

const cases: readonly BenchCase[] = [
  searchStages,
  scorer,
  searchClients,
  searchHttp,
  rerankHttp,
  rerankTexts,
  searchPersonal,
  searchCached,
  searchProfile,
  events,
  ingestLag,
  memory,
  textIndex,
  rerank,
  rerankBackends,
  searchEngines,
  searchEnginesCached,
  searchScale,
  faults,
  evaluation,
];

const usage = `npm run bench -- [--small] [--only CASE] [--record] [--seed N] [--json] [--list]
`;

const { values: options } = parseArgs({
  options: {
    small: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    record: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  if (options.help || options.list) {
    process.stdout.write(usage);
    for (const { name, description } of cases) process.stdout.write(`  ${name.padEnd(16)} ${description}\n`);
    return 0;
  }
  const unknown = options.only?.filter((name) => !cases.some((known) => known.name === name)) ?? [];
  if (unknown.length > 0 || !/^\d{1,9}$/.test(options.seed)) {
    process.stderr.write(`${usage}unknown: ${unknown.join(', ') || `seed ${options.seed}`}\n`);
    return 2;
  }
  const chosen = cases.filter(({ name, onRequest }) => options.only?.includes(name) ?? !onRequest);
  let failures = 0;
  for (const bench of chosen) if (!(await runCase(bench, options.small ? 'small' : 'full'))) failures += 1;
  return failures === 0 ? 0 : 1;
}

/** Runs, prints and, if asked for, records one case; false: it failed. */
async function runCase(bench: BenchCase, size: BenchSize): Promise<boolean> {
  const seed = Number(options.seed);
  const say = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const catalogue = benchCatalogue(size, seed);
  say(
    `\n${bench.name} (${size}, ${catalogue.documents.length} ${catalogue.source} documents, seed ${seed}): ${bench.description}`,
  );
  try {
    const result = await bench.run({ size, seed, catalogue, say });
    const about = {
      ...circumstances(seed),
      size,
      documents: catalogue.documents.length,
      source: catalogue.source,
    };
    print(bench.name, result, about);
    if (options.record) say(`recorded ${record(bench.name, result, about)}`);
    return true;
  } catch (error) {
    say(`${bench.name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return false;
  }
}

function print(name: string, result: BenchResult, about: Readonly<Record<string, unknown>>): void {
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ case: name, ...about, ...result })}\n`);
    return;
  }
  for (const { name: measured, values } of result.measurements) {
    const figures = Object.entries(values).map(([key, value]) => `${key} ${value}`);
    process.stdout.write(`  ${measured.padEnd(34)} ${figures.join('  ')}\n`);
  }
  for (const [title, rows] of Object.entries(result.tables ?? {})) {
    if (rows.length === 0) continue;
    process.stdout.write(`  ${title}\n`);
    for (const line of tableLines(rows, title === 'goals' ? goalColumns : undefined))
      process.stdout.write(`    ${line}\n`);
  }
  for (const note of result.notes) process.stdout.write(`  note: ${note}\n`);
}
