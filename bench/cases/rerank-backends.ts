import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openCuda } from '../../src/adapters/cuda/open-cuda.ts';
import { openNative } from '../../src/adapters/native/open-native.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { closeAll, openers } from '../../src/compose-rerankers.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type BackendName, backendNames } from '../../src/domain/backend-name.ts';
import {
  type BackendTimes,
  type CalibrationCell,
  calibrationCells,
  fastestOf,
} from '../../src/domain/calibration.ts';
import { plainMemory } from '../../src/domain/row-memory.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import { loadAddon } from '../../src/native/load.ts';
import type { Logger } from '../../src/ports/logger.ts';
import type { Reranker } from '../../src/ports/reranker.ts';
import type { BenchCase, BenchContext } from '../case.ts';
import { median } from '../measure.ts';
import { random } from '../random.ts';
import { type DeviceGrid, deviceGrid, deviceScans, deviceThroughput } from '../rerank/device-grid.ts';
import { firstAnswer } from '../rerank/first-answer.ts';
import { type Goal, goalRow } from '../rerank/goal.ts';
import { benchBatch, benchRequest, randomRows } from '../rerank/requests.ts';
import { sameSelection } from '../rerank/same-selection.ts';
import { timing } from '../rerank/section.ts';
import { type Contestant, type Pace, race } from '../rerank/stopwatch.ts';
import { benchTable } from '../rerank/table.ts';

/** Between the measured cells: here the choice has to guess. */
const guessedCells: readonly CalibrationCell[] = [50, 200, 600].flatMap((rows) =>
  [1, 4, 16].map((requests) => ({ rows, requests })),
);

/** What a backend has to say is in its state. */
const silent: Logger = { info() {}, warn() {}, error() {} };

/** What the service would choose may be so much slower than the best, where the best takes longer than that. */
const choice = { slowerMax: 1.25, fromUs: 50 } as const;

export const rerankBackends: BenchCase = {
  name: 'rerank-backends',
  description:
    'every backend by window and batch: latency, throughput, where each wins, what the choice costs',
  run: async (context) => {
    const { config } = loadConfig({ flags: { embedder: 'none', logLevel: 'error' }, cwd: process.cwd() });
    const opened = await Promise.all(
      backendNames.map(async (name) => ({ name, ...(await openers[name](config, silent)) })),
    );
    const rerankers = opened.flatMap(({ reranker }) => reranker ?? []);
    const missing = opened.flatMap(({ name, reason }) =>
      reason === null ? [] : [missingNote(name, reason)],
    );
    try {
      return { ...(await compare(context, rerankers, missing)) };
    } finally {
      await closeAll(rerankers);
    }
  },
};

function missingNote(name: BackendName, reason: string): string {
  return name === 'cuda' ? `no CUDA device: ${reason}` : `without ${name}: ${reason}`;
}

type CellPaces = ReadonlyMap<CalibrationCell, ReadonlyMap<BackendName, Pace>>;

async function compare(context: BenchContext, rerankers: readonly Reranker[], missing: readonly string[]) {
  const full = context.size === 'full';
  const next = random(context.seed);
  const loaded = loadAddon();
  const memory = 'addon' in loaded ? (bytes: number) => loaded.addon.allocate(bytes) : plainMemory;
  const table = benchTable({ rows: full ? 20_000 : 1_000, dimension: full ? 768 : 64, memory, next });
  for (const line of missing) context.say(line);
  const cells = full ? [...calibrationCells, ...guessedCells] : calibrationCells.slice(0, 2);
  const paces = new Map<CalibrationCell, ReadonlyMap<BackendName, Pace>>();
  for (const cell of cells) {
    context.say(`${cell.rows} rows x ${cell.requests}`);
    paces.set(cell, await raceCell(context, rerankers, table, cell, next));
  }
  const label = new Map(
    rerankers.map(({ name, variant }) => [name, variant === '' ? name : `${name} ${variant}`]),
  );
  const backendRows = [...paces].flatMap(([{ rows, requests }, byName]) =>
    [...byName].map(([name, pace]) => ({
      ...timing('backends', label.get(name)!, { rows, requests }, pace),
      candidates_per_second: Math.round((rows * requests * 1e6) / pace.medianUs),
    })),
  );
  const apart = kernelsApart(rerankers);
  const compared = rerankers.filter(({ name }) => name === 'native' || name === 'cuda');
  const device = full && compared.length === 2;
  const grid = { next, memory, say: context.say };
  return {
    measurements: [],
    notes: [
      ...missing,
      'a call is the whole port, with packing and answers; rows are drawn at random from a table of ' +
        `${table.rowCount} x ${table.dimension} f32`,
      ...apart.notes,
    ],
    tables: {
      timings: backendRows,
      crossovers: crossovers(paces),
      choices: full ? choices(paces) : [],
      ...(device ? { device_grid: await deviceGrid(compared, grid) } : {}),
      ...(device ? { device_throughput: await deviceThroughput(compared, grid) } : {}),
      ...(device ? { device_scans: await scansOfDevice(grid) } : {}),
      ...(apart.rows.length > 0 ? { cuda: apart.rows } : {}),
      goals: full ? [goalRow(choiceGoal(paces))] : [],
    },
  };
}

/** One cell on every backend in turn; each call has other rows, and the first answer is checked. */
async function raceCell(
  { size }: BenchContext,
  rerankers: readonly Reranker[],
  table: TableSnapshot,
  { rows, requests }: CalibrationCell,
  next: () => number,
): Promise<ReadonlyMap<BackendName, Pace>> {
  const batches = Array.from({ length: 8 }, () => {
    const asked = Array.from({ length: requests }, () =>
      benchRequest({ table, kind: 'full', rankDepth: 100, next }),
    );
    return benchBatch(table, asked, randomRows(table, rows * requests, next), next);
  });
  const contestants: Contestant[] = [];
  for (const reranker of rerankers) {
    if (reranker.supports?.(table) === false) continue;
    await sameSelection(batches[0]!, await firstAnswer(reranker, batches[0]!), reranker.name);
    let turn = 0;
    contestants.push({
      name: reranker.name,
      call: () => {
        turn = (turn + 1) % batches.length;
        return reranker.rerank(batches[turn]!);
      },
    });
  }
  const options = size === 'full' ? { rounds: 31, sampleMs: 1 } : { rounds: 3, sampleMs: 0.2 };
  return (await race(contestants, options)) as ReadonlyMap<BackendName, Pace>;
}

/** Of each batch size: from how many rows on a backend beats `native`, and by how much at most. */
function crossovers(paces: CellPaces) {
  const batches = [...new Set([...paces.keys()].map(({ requests }) => requests))].sort((a, b) => a - b);
  const names = new Set([...paces.values()].flatMap((byName) => [...byName.keys()]));
  return batches.flatMap((requests) =>
    [...names]
      .filter((name) => name !== 'native' && names.has('native'))
      .map((name) => {
        const ratios = [...paces]
          .filter(([cell]) => cell.requests === requests)
          .map(([{ rows }, byName]) => ({
            rows,
            ratio: byName.get('native')!.medianUs / (byName.get(name)?.medianUs ?? Number.POSITIVE_INFINITY),
          }))
          .sort((a, b) => a.rows - b.rows);
        const first = ratios.find((_, i) => ratios.slice(i).every(({ ratio }) => ratio > 1));
        const best = Math.max(...ratios.map(({ ratio }) => ratio));
        return {
          requests,
          backend: name,
          beats_native_from_rows: first?.rows ?? 'never',
          best_ratio: Math.round(best * 100) / 100,
        };
      }),
  );
}

/** Over parts of their own: those of the rerankers are behind their port. */
async function scansOfDevice(grid: DeviceGrid) {
  const native = openNative();
  const cuda = await openCuda({ clock: systemClock, logger: silent });
  if ('reason' in native || 'reason' in cuda) return [];
  try {
    const scanners = {
      native: native.rowScanner,
      // Small tables, too: what the limit costs is to be seen.
      cuda: cuda.rowScanner(native.rowScanner, 0),
      settled: () => cuda.settled(),
    };
    return await deviceScans(scanners, grid);
  } finally {
    await cuda.reranker.close?.();
  }
}

/** What the automatic choice takes in each measured cell. */
function choices(paces: CellPaces) {
  const times = timesOf(paces);
  return calibrationCells.map(({ rows, requests }) => ({
    rows,
    requests,
    chosen: fastestOf(times, rows, requests)!,
  }));
}

function timesOf(paces: CellPaces): BackendTimes[] {
  return [...(paces.get(calibrationCells[0]!)?.keys() ?? [])].map((name) => ({
    name,
    variant: '',
    us: calibrationCells.map((cell) => paces.get(cell)!.get(name)!.medianUs),
  }));
}

/** G12 (e): the service's choice from the measured cells, at cells between them. */
function choiceGoal(paces: CellPaces): Goal {
  const times = timesOf(paces);
  const ratios = guessedCells.flatMap(({ rows, requests }, i) => {
    const byName = paces.get(guessedCells[i]!)!;
    const chosen = byName.get(fastestOf(times, rows, requests)!)!.medianUs;
    const best = Math.min(...[...byName.values()].map(({ medianUs }) => medianUs));
    return best > choice.fromUs ? [chosen / best] : [];
  });
  return {
    id: 'G12e',
    text: `the chosen backend over the best one, between the measured cells, worst of ${ratios.length}`,
    needed: choice.slowerMax,
    bound: 'most',
    unit: 'x',
    measured: ratios.length === 0 ? null : Math.max(...ratios),
    rooflinePercent: null,
    note: `${times.map(({ name }) => name).join(', ')}; median ${Math.round(100 * median(ratios)) / 100}x; cells of more than ${choice.fromUs} us`,
  };
}

/** The CUDA library's own bench times transfers and kernels apart; it is built by `node cuda/build.mjs --dev`. */
function kernelsApart(rerankers: readonly Reranker[]): {
  readonly rows: Readonly<Record<string, string | number>>[];
  readonly notes: readonly string[];
} {
  if (!rerankers.some(({ name }) => name === 'cuda')) return { rows: [], notes: [] };
  const program = join('build', 'cuda', 'stages');
  if (!existsSync(program))
    return {
      rows: [],
      notes: ['transfers and kernels apart: not measured, node cuda/build.mjs --dev builds that bench'],
    };
  const text = execFileSync(program, [], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return {
    rows: text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string | number>),
    notes: [],
  };
}
