import type { Calibration } from '../domain/calibration.ts';

/** Keeps what was measured on this machine with this build, for the next start. It is a cache: it may forget. */
export interface CalibrationStore {
  /** What was kept for the present machine, build and backends; nothing where that cannot be read. Never rejects. */
  load(): Promise<readonly Calibration[]>;
  /** Replaces what is kept. */
  save(calibrations: readonly Calibration[]): Promise<void>;
}
