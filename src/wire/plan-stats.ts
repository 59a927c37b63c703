import { z } from 'zod';
import { backendNames } from '../domain/backend-name.ts';
import {
  type BackendTimes,
  type Calibration,
  type CalibrationCell,
  calibrationCells,
  fastestOf,
} from '../domain/calibration.ts';
import { mapValues } from '../std/map-values.ts';
import { components } from './components.ts';
import { roundMs } from './plan.ts';

const backendName = z.enum(backendNames);

const calibrationSchema = z
  .strictObject({
    tier: z.string().meta({ description: 'How the vectors are stored: f32, f16 or int8.' }),
    dimension_max: z.int().min(1).meta({ description: 'For vectors of more than half to all of this.' }),
    measured_at: z.iso.datetime(),
    kept: z.boolean().meta({ description: 'true: an earlier run measured it.' }),
    cells: z.array(
      z.strictObject({
        rows: z.int().min(1).meta({ description: 'Candidates of each request.' }),
        requests: z.int().min(1).meta({ description: 'Requests scored in one call.' }),
        backend: backendName.meta({ description: 'The fastest, ties decided by a fixed order.' }),
        us: z
          .partialRecord(backendName, z.number().positive())
          .meta({ description: 'Median microseconds of one call.' }),
      }),
    ),
  })
  .register(components, { id: 'Calibration' });

export const planStatsSchema = z
  .strictObject({
    legs: z.record(
      z.string(),
      z.strictObject({ count: z.int().min(0), p50_ms: z.number(), p95_ms: z.number() }),
    ),
    backend: backendName.meta({ description: 'What scores a single request of 300 candidates now.' }),
    scorer: z.strictObject({
      setting: z.enum(['auto', ...backendNames]),
      backends: z.array(
        z.strictObject({
          name: backendName,
          variant: z.string().meta({ description: 'Which kernels or device; empty where there is but one.' }),
          state: z.enum(['ready', 'off', 'missing', 'unused']).meta({
            description:
              'off: it broke and is not used until the next start. unused: the settings leave it out.',
          }),
          reason: z.string().nullable().meta({ description: 'Why it is not ready.' }),
        }),
      ),
      calibrations: z.array(calibrationSchema),
    }),
    request_id: z.string(),
  })
  .register(components, { id: 'PlanStats' });

export type WirePlanStats = z.output<typeof planStatsSchema>;

/** What `planStatsToWire` shows: as the port says it. */
export interface ShownStats {
  readonly legs: Readonly<
    Record<string, { readonly count: number; readonly p50Ms: number; readonly p95Ms: number }>
  >;
  readonly backend: WirePlanStats['backend'];
  readonly scorer: {
    readonly setting: WirePlanStats['scorer']['setting'];
    readonly backends: readonly WirePlanStats['scorer']['backends'][number][];
    readonly calibrations: readonly (Calibration & { readonly kept: boolean })[];
  };
}

export function planStatsToWire(stats: ShownStats, requestId: string): WirePlanStats {
  const { setting, backends, calibrations } = stats.scorer;
  return {
    legs: mapValues(stats.legs, ({ count, p50Ms, p95Ms }) => ({
      count,
      p50_ms: roundMs(p50Ms),
      p95_ms: roundMs(p95Ms),
    })),
    backend: stats.backend,
    scorer: {
      setting,
      backends: backends.map((backend) => ({ ...backend })),
      calibrations: calibrations.map(({ kept, ...one }) => calibrationToWire(one, kept)),
    },
    request_id: requestId,
  };
}

export function calibrationToWire(
  { tier, dimensionMax, measuredAtMs, backends }: Calibration,
  kept: boolean,
): z.output<typeof calibrationSchema> {
  return {
    tier,
    dimension_max: dimensionMax,
    measured_at: new Date(measuredAtMs).toISOString(),
    kept,
    cells: calibrationCells.map((cell, i) => cellToWire(cell, i, backends)),
  };
}

function cellToWire({ rows, requests }: CalibrationCell, i: number, backends: readonly BackendTimes[]) {
  return {
    rows,
    requests,
    backend: fastestOf(backends, rows, requests)!,
    us: Object.fromEntries(backends.map(({ name, us }) => [name, Math.round(us[i]! * 10) / 10])),
  };
}
