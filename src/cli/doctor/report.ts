import type { Inspection } from '../../compose.ts';
import type { Config } from '../../config/schema.ts';
import type { calibrationToWire } from '../../wire/plan-stats.ts';
import type { Cpu } from './cpu.ts';

/** Everything that `triptych doctor` found, as `--json` prints it. */
export interface DoctorReport {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly cpu: Cpu;
  readonly setting: Config['rerankBackend'];
  readonly backends: Inspection['backends'];
  readonly embedder: Inspection['embedder'];
  /** Those outside the process that the settings name; reason null: it answered. */
  readonly stores: Inspection['stores'];
  /** Catalogues that could be asked for without opening a data folder. */
  readonly catalogues: readonly CatalogueReport[];
  readonly data_dir: {
    readonly path: string;
    /** The process that uses it now, or null. */
    readonly holder: { readonly pid: number; readonly url: string | null } | null;
  };
  readonly calibrations: readonly ReturnType<typeof calibrationToWire>[];
  /** What keeps the service from starting with these settings. */
  readonly problems: readonly string[];
}

/** A catalogue, whose vectors it has, and whether the embedder makes such. */
export interface CatalogueReport {
  /** null: the key's, in the server that uses the data folder. */
  readonly tenant: string | null;
  readonly model: string;
  readonly dimension: number;
  readonly is_embedded: boolean;
}

/** The report in lines for people. */
export function reportLines(report: DoctorReport): string[] {
  const { cpu, data_dir: data, embedder, calibrations, problems } = report;
  const instructions = cpu.instructions === null ? 'instructions unknown' : cpu.instructions.join(' ');
  const rows: [string, string][] = [
    ['triptych', report.version],
    ['node', `${report.node} (${report.platform})`],
    ['processor', `${cpu.model}, ${cpu.threads} threads; ${instructions}`],
    ...report.backends.map(({ name, variant, state, reason }): [string, string] => [
      name,
      `${state}${variant === '' ? '' : ` (${variant})`}${reason === null ? '' : `: ${reason}`}`,
    ]),
    ['rerank_backend', report.setting],
    ['embedder', embedder.reason === null ? embedder.name : `${embedder.name}: ${embedder.reason}`],
    ...report.stores.map(({ store, reason }): [string, string] => [
      store,
      reason === null ? 'answers' : `does not answer: ${reason}`,
    ]),
    ...report.catalogues.map((one): [string, string] => ['catalogue', catalogueLine(one, embedder.space)]),
    ['data folder', `${data.path}, ${holderOf(data.holder)}`],
    ['calibration', calibrations.length === 0 ? 'none yet' : ''],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd()),
    ...calibrations.flatMap(calibrationLines),
    ...problems.map((problem) => `problem: ${problem}`),
  ];
}

function catalogueLine(
  { tenant, model, dimension, is_embedded: isEmbedded }: CatalogueReport,
  space: DoctorReport['embedder']['space'],
): string {
  const own = `${tenant === null ? '' : `${tenant}: `}vectors of ${model}, ${dimension} numbers`;
  if (isEmbedded) return own;
  if (space === null) return `${own}; there is no embedder`;
  return `${own}; the embedder makes those of ${space.model}, ${space.dimension} numbers, and is not used`;
}

function holderOf(holder: DoctorReport['data_dir']['holder']): string {
  if (holder === null) return 'not in use';
  return `in use by process ${holder.pid}${holder.url === null ? '' : ` at ${holder.url}`}`;
}

function calibrationLines({ tier, dimension_max, measured_at, cells }: DoctorReport['calibrations'][number]) {
  const lines = cells.map(({ rows, requests, backend, us }) => {
    const times = Object.entries(us).map(([name, value]) => `${name} ${value}`);
    return `  ${String(rows).padStart(5)} x ${String(requests).padStart(2)}  ${backend.padEnd(9)}  ${times.join(', ')}`;
  });
  return [
    `  ${tier}, up to ${dimension_max} dimensions, measured ${measured_at}`,
    '  candidates x requests, fastest, microseconds a batch',
    ...lines,
  ];
}
