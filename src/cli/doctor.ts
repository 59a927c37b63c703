import { Command } from 'commander';
import { type Inspection, version } from '../compose.ts';
import { type Config, settingNames } from '../config/schema.ts';
import { limits } from '../limits.ts';
import { calibrationToWire } from '../wire/plan-stats.ts';
import { describeCpu } from './doctor/cpu.ts';
import { type CatalogueReport, type DoctorReport, reportLines } from './doctor/report.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { clientOf, serverAt } from './reach-server.ts';
import type { Runtime } from './runtime.ts';
import { addSettingFlags, configOf } from './settings-flags.ts';

/** All but those of the HTTP edge and of the first run. */
const usedSettings = settingNames.filter(
  (name) => !['host', 'port', 'keysFile', 'demo', 'schema'].includes(name),
);

const help = `
Examples:
  triptych doctor
  triptych doctor --json
  triptych doctor --rerank-backend cuda

It needs no server and changes nothing. Every backend is opened, whether or not the settings want it.
Exit codes: 0 the service can start with these settings, 1 it cannot.`;

/** `triptych doctor` */
export function doctorCommand(runtime: Runtime, done: (code: ExitCode) => void): Command {
  const command = new Command('doctor')
    .description(
      'Say what this machine has: scoring backends, embedder, stores, data folder, and why what is missing.',
    )
    .option('--json', 'print the report as JSON')
    .addHelpText('after', help);
  addSettingFlags(command, usedSettings);
  command.action(async (options: Record<string, unknown>) => {
    const report = await examine(runtime, configOf(runtime, options, usedSettings));
    const text = options.json === true ? JSON.stringify(report) : reportLines(report).join('\n');
    runtime.stdout.write(`${text}\n`);
    done(report.problems.length === 0 ? exitCodes.ok : exitCodes.failure);
  });
  return command;
}

async function examine(runtime: Runtime, config: Config): Promise<DoctorReport> {
  const [inspection, holder] = await Promise.all([
    runtime.inspect(config),
    runtime.lockHolder(config.dataDir),
  ]);
  return {
    version,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: describeCpu(),
    setting: config.rerankBackend,
    backends: inspection.backends,
    embedder: inspection.embedder,
    stores: inspection.stores,
    catalogues: [...inspection.catalogues, ...(await servedCatalogue(runtime, holder?.url ?? null))].map(
      (one) => ({ ...one, is_embedded: isSpace(one, inspection.embedder.space) }),
    ),
    data_dir: { path: config.dataDir, holder: holder === null ? null : { pid: holder.pid, url: holder.url } },
    calibrations: inspection.calibrations.map((one) => calibrationToWire(one, true)),
    problems: [
      ...(inspection.problem === null ? [] : [inspection.problem]),
      ...inspection.stores
        .filter(({ isRefused }) => isRefused)
        .map(({ store, reason }) => `${store}: ${reason}`),
    ],
  };
}

type Space = NonNullable<Inspection['embedder']['space']>;

function isSpace({ model, dimension }: Space, space: Space | null): boolean {
  return space?.model === model && space.dimension === dimension;
}

/** The catalogue of the server that uses the data folder, where it tells: a folder in use cannot be opened. */
async function servedCatalogue(
  runtime: Runtime,
  url: string | null,
): Promise<readonly Omit<CatalogueReport, 'is_embedded'>[]> {
  if (url === null) return [];
  try {
    const client = clientOf(await serverAt(url, runtime, {}), limits.doctorStoreMsMax);
    const { model, dimension } = (await client.catalogue()).schema.embedding;
    return [{ tenant: null, model, dimension }];
  } catch {
    return [];
  }
}
