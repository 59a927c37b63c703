import { type DestinationStream, pino } from 'pino';
import type { Logger } from '../../ports/logger.ts';

export type LogLevel = 'error' | 'warn' | 'info' | 'silent';

export interface PinoLoggerOptions {
  readonly level: LogLevel;
  /** Default: stderr, because stdout is for data. */
  readonly destination?: DestinationStream;
}

/** One JSON object per line: level name, ISO time, the given fields, message. */
export function createPinoLogger({ level, destination }: PinoLoggerOptions): Logger {
  const lines = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // Both names: pino has a serializer of its own for `err`, which shows everything.
      serializers: {
        error: (error: unknown) => plainError(error),
        err: (error: unknown) => plainError(error),
      },
    },
    destination ?? pino.destination({ dest: 2, sync: false }),
  );
  return {
    info: (fields, message) => lines.info(fields, message),
    warn: (fields, message) => lines.warn(fields, message),
    error: (fields, message) => lines.error(fields, message),
  };
}

const causesMax = 4;

/** Name, code, stack and causes: drivers hang statements, parameters and connections on their errors, which stay out. */
function plainError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  return {
    name: error.name,
    ...(typeof code === 'string' && { code }),
    stack: error.stack,
    ...(error.cause !== undefined && depth < causesMax && { cause: plainError(error.cause, depth + 1) }),
  };
}
