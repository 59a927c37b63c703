import { cpus } from 'node:os';
import { openCuda } from './adapters/cuda/open-cuda.ts';
import { JsReranker } from './adapters/js/js-reranker.ts';
import { nativeBuild, openNative } from './adapters/native/open-native.ts';
import { CalibrationFile } from './adapters/system/calibration-file.ts';
import { systemClock } from './adapters/system/system-clock.ts';
import { openTfjsReranker } from './adapters/tfjs/open-tfjs-reranker.ts';
import type { Config } from './config/schema.ts';
import { type BackendName, backendNames } from './domain/backend-name.ts';
import type { Calibration } from './domain/calibration.ts';
import { TriptychError } from './errors.ts';
import type { Logger } from './ports/logger.ts';
import type { Reranker } from './ports/reranker.ts';
import type { RowScanner } from './ports/row-scanner.ts';
import type { BackendState } from './ports/triptych.ts';
import type { ScoringBackends } from './search/backend-choice.ts';
import { isFallback } from './search/fallbacks.ts';

/** What reads large tables on a device, and leaves everything else to the scanner that it is given. */
export type DeviceScanner = (otherwise: RowScanner) => RowScanner;

/** A backend that is ready, or why there is none, in one line. */
export type OpenedReranker =
  | { readonly reranker: Reranker; readonly reason: null; readonly deviceScanner?: DeviceScanner }
  | { readonly reranker: null; readonly reason: string };

export type RerankerOpeners = Readonly<
  Record<BackendName, (config: Config, logger: Logger) => Promise<OpenedReranker>>
>;

/** How each backend is opened. None throws for what a machine may lack. */
export const openers: RerankerOpeners = {
  js: async () => ({ reranker: new JsReranker(), reason: null }),
  native: async ({ nativeVariant }) => {
    const opened = openNative({ variant: nativeVariant });
    return 'reason' in opened
      ? { reranker: null, reason: opened.reason }
      : { reranker: opened.reranker, reason: null };
  },
  cuda: async (_, logger) => {
    const opened = await openCuda({ clock: systemClock, logger });
    return 'reason' in opened
      ? { reranker: null, reason: opened.reason }
      : {
          reranker: opened.reranker,
          reason: null,
          deviceScanner: (otherwise) => opened.rowScanner(otherwise),
        };
  },
  'tfjs-gpu': ({ tfjsDir }) => openTfjsReranker('tfjs-gpu', tfjsDir),
  'tfjs-node': ({ tfjsDir }) => openTfjsReranker('tfjs-node', tfjsDir),
  'tfjs-wasm': () => openTfjsReranker('tfjs-wasm'),
};

/** What to do about a backend that is missing, where the reason does not say so itself. */
const advice: Readonly<Record<BackendName, string>> = {
  js: '',
  native: '; it is built with cmake and a C++ compiler by `npm install` or `npm start`',
  cuda: '',
  'tfjs-gpu': '; `npm run build:tfjs-node -- --gpu` builds it',
  'tfjs-node': '; `npm run build:tfjs-node` builds it',
  'tfjs-wasm': '; it needs @tensorflow/tfjs-backend-wasm',
};

export interface RerankerOptions {
  /** Of the program. */
  readonly version: string;
  readonly logger: Logger;
  readonly openers?: RerankerOpeners;
}

export interface OpenedBackends {
  readonly scoring: ScoringBackends;
  /** null: no device is in use. */
  readonly deviceScanner: DeviceScanner | null;
}

/**
 * Opens the backends that the configuration may use: `js` always, `native` also where another one is named, because it
 * serves what that fails at.
 * @throws TriptychError invalid_settings where the one that is named is not there
 */
export async function openRerankers(config: Config, options: RerankerOptions): Promise<OpenedBackends> {
  const { rerankBackend: setting } = config;
  const left = backendNames.flatMap((name) => leftOut(name, config) ?? []);
  const opened = await openAll(
    config,
    options,
    backendNames.filter((name) => left.every((one) => one.name !== name)),
  );
  const missing = opened.flatMap(({ name, reason }) =>
    reason === null ? [] : [{ name, state: 'missing' as const, reason }],
  );
  const available = opened.flatMap(({ reranker }) => reranker ?? []);
  const lacking = missing.find(({ name }) => name === setting);
  if (lacking !== undefined) {
    await closeAll(available);
    throw missingBackend(lacking.name, lacking.reason);
  }
  const calibrations = calibrationFile(config, available, options);
  const deviceScanner =
    opened.flatMap((one) => (one.reason === null ? (one.deviceScanner ?? []) : []))[0] ?? null;
  return {
    scoring: {
      available,
      absent: [...missing, ...left],
      setting,
      calibrations,
      kept: await calibrations.load(),
    },
    deviceScanner,
  };
}

/** What `triptych doctor` shows: every backend, whether or not the settings want it, and what earlier runs measured. */
export async function inspectRerankers(
  config: Config,
  options: RerankerOptions,
): Promise<{
  readonly backends: readonly BackendState[];
  /** Why the settings cannot be had, or null. */
  readonly problem: string | null;
  readonly calibrations: readonly Calibration[];
}> {
  const opened = await openAll(config, options, backendNames);
  const available = opened.flatMap(({ reranker }) => reranker ?? []);
  await closeAll(available);
  const lacking = opened.find(({ name, reason }) => name === config.rerankBackend && reason !== null);
  const inUse = available.filter(({ name }) => leftOut(name, config) === null);
  return {
    backends: opened.map((one) => inspected(one, config)),
    problem: lacking === undefined ? null : missingBackend(lacking.name, lacking.reason!).fields[0]!.message,
    calibrations: await calibrationFile(config, inUse, options).load(),
  };
}

export async function closeAll(backends: readonly Reranker[]): Promise<void> {
  await Promise.all(backends.map((backend) => backend.close?.()));
}

async function openAll(config: Config, options: RerankerOptions, names: readonly BackendName[]) {
  const open = options.openers ?? openers;
  return Promise.all(names.map(async (name) => ({ name, ...(await open[name](config, options.logger)) })));
}

/** A backend that the settings leave out, and why; null: they do not. */
function leftOut(name: BackendName, { rerankBackend: setting, tfjsBackends }: Config) {
  const unused = (reason: string) => ({ name, state: 'unused' as const, reason });
  if (setting !== 'auto')
    return name === setting || isFallback(name) ? null : unused(`rerank_backend is ${setting}`);
  return tfjsBackends || !name.startsWith('tfjs-') ? null : unused('tfjs_backends is off');
}

/** As the service would show it, with what it is good for where it is left out. */
function inspected(
  { name, reranker, reason }: OpenedReranker & { readonly name: BackendName },
  config: Config,
): BackendState {
  const variant = reranker?.variant ?? '';
  const left = leftOut(name, config);
  if (left === null) return { name, variant, state: reranker === null ? 'missing' : 'ready', reason };
  return { ...left, variant, reason: `${left.reason}; ${reason === null ? 'it could be used' : reason}` };
}

function missingBackend(name: BackendName, reason: string): TriptychError {
  const message = `${name} is not available: ${reason}${advice[name]}. \`auto\` uses what is there.`;
  return new TriptychError('invalid_settings', `rerank_backend: ${message}`, {
    fields: [{ path: 'rerank_backend', message }],
  });
}

/** Times hold for this processor, this build and these backends alone. */
function calibrationFile(
  config: Config,
  backends: readonly Reranker[],
  { version, logger }: RerankerOptions,
): CalibrationFile {
  const processors = cpus();
  const machine = [
    `${processors[0]?.model ?? 'unknown processor'} x ${processors.length}`,
    `triptych ${version}, node ${process.version}, ${process.platform} ${process.arch}`,
    nativeBuild(),
    ...backends.map(({ name, variant }) => `${name} ${variant}`.trim()),
  ].join('; ');
  return new CalibrationFile({ folder: config.dataDir, machine, logger });
}
