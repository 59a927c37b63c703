import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { backendNames } from '../../domain/backend-name.ts';
import { type Calibration, calibrationCells } from '../../domain/calibration.ts';
import { limits } from '../../limits.ts';
import type { CalibrationStore } from '../../ports/calibration-store.ts';
import type { Logger } from '../../ports/logger.ts';

/** Raised when the file, the cells or what is measured in them changes: older files are ignored. */
const fileVersion = 1;

const fileSchema = z.strictObject({
  version: z.literal(fileVersion),
  machine: z.string(),
  calibrations: z
    .array(
      z.strictObject({
        tier: z.string(),
        dimensionMax: z.int().min(1),
        measuredAtMs: z.int().min(0),
        backends: z
          .array(
            z.strictObject({
              name: z.enum(backendNames),
              variant: z.string(),
              us: z.array(z.number().positive()).length(calibrationCells.length),
            }),
          )
          .min(1)
          .max(backendNames.length),
      }),
    )
    .max(limits.calibrationsMax),
});

export interface CalibrationFileParts {
  readonly folder: string;
  /** Processor, build and backends with their variants: other machines' files are ignored. */
  readonly machine: string;
  readonly logger: Logger;
}

/** Calibrations in one small JSON file of the data folder, replaced as a whole. It can be deleted at any time. */
export class CalibrationFile implements CalibrationStore {
  readonly path: string;
  readonly #machine: string;
  readonly #logger: Logger;

  constructor({ folder, machine, logger }: CalibrationFileParts) {
    this.path = join(folder, 'rerank-calibration.json');
    this.#machine = machine;
    this.#logger = logger;
  }

  async load(): Promise<readonly Calibration[]> {
    try {
      const { size } = await stat(this.path);
      if (size > limits.calibrationFileBytesMax) throw new Error(`is ${size} bytes long`);
      const { machine, calibrations } = fileSchema.parse(JSON.parse(await readFile(this.path, 'utf8')));
      return machine === this.#machine ? calibrations : [];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      const file = this.path;
      this.#logger.warn(
        { error, file },
        'the calibration of scoring backends cannot be read; measuring anew',
      );
      return [];
    }
  }

  async save(calibrations: readonly Calibration[]): Promise<void> {
    const content = { version: fileVersion, machine: this.#machine, calibrations };
    const beside = `${this.path}.${randomUUID()}`;
    try {
      // With the truth in a server nothing else has made the data folder.
      await mkdir(dirname(beside), { recursive: true, mode: 0o700 });
      await writeFile(beside, `${JSON.stringify(content)}\n`, { mode: 0o600, flag: 'wx' });
      await rename(beside, this.path);
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
  }
}
