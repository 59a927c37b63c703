import { expect, it } from 'vitest';
import { createPinoLogger } from '../../src/adapters/pino/pino-logger.ts';
import { TriptychError } from '../../src/errors.ts';

function collect() {
  const lines: string[] = [];
  return { lines, destination: { write: (line: string) => void lines.push(line) } };
}

it('writes one JSON line with level, time, fields and message', () => {
  const { lines, destination } = collect();
  createPinoLogger({ level: 'info', destination }).info({ route: '/livez', ms: 1 }, 'request');
  const line = JSON.parse(lines[0]!) as Record<string, unknown>;
  expect(line).toMatchObject({ level: 'info', route: '/livez', ms: 1, msg: 'request' });
  expect(Date.parse(String(line.time))).not.toBeNaN();
  expect(lines[0]!.endsWith('\n')).toBe(true);
});

it.each(['error', 'err'])('shows stacks and causes of `%s`, but not what drivers hang on it', (name) => {
  const { lines, destination } = collect();
  const driver = Object.assign(new Error('relation does not exist'), {
    query: 'SELECT secret',
    code: '42P01',
  });
  const error = new TriptychError('unavailable', 'no store answers', { cause: driver });
  createPinoLogger({ level: 'warn', destination }).error({ [name]: error }, 'failed');
  const shown = (JSON.parse(lines[0]!) as Record<string, Record<string, unknown>>)[name]!;
  expect(shown).toMatchObject({ name: 'TriptychError', code: 'unavailable', cause: { code: '42P01' } });
  expect(shown.stack).toContain('pino-logger.test.ts');
  expect(lines[0]).not.toContain('SELECT secret');
});

it('keeps to its level', () => {
  const { lines, destination } = collect();
  const logger = createPinoLogger({ level: 'error', destination });
  logger.info({}, 'a');
  logger.warn({}, 'b');
  createPinoLogger({ level: 'silent', destination }).error({}, 'c');
  expect(lines).toEqual([]);
});
