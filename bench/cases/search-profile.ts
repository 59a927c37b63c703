import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import type { BenchCase } from '../case.ts';
import { searchOf } from '../catalogue.ts';
import { round, runClients, summary } from '../measure.ts';
import { fill, searchOnce, withService } from '../service.ts';

export const searchProfile: BenchCase = {
  name: 'search-profile',
  description: 'CPU profile of the main thread while searching with all legs: the ten hottest functions',
  run: ({ size, catalogue }) =>
    withService(async (open) => {
      await fill(open, catalogue);
      const { queries } = catalogue;
      const calls = size === 'full' ? 1_000 : 40;
      const search = async (index: number): Promise<void> => {
        await searchOnce(open, searchOf(queries[index % queries.length]!));
      };
      await runClients(1, Math.min(calls, 200), search);
      const session = new Session();
      session.connect();
      await session.post('Profiler.enable');
      await session.post('Profiler.setSamplingInterval', { interval: 200 });
      await session.post('Profiler.start');
      const measured = await runClients(1, calls, search);
      const { profile } = await session.post('Profiler.stop');
      session.disconnect();
      return {
        measurements: [{ name: 'while profiled', values: summary([measured]) }],
        tables: { 'self time, share of all samples': hottest(profile, 10) },
        notes: [
          'sampled every 0.2 ms; profiling itself slows the process, so compare shares, not milliseconds',
        ],
      };
    }),
};

/** Functions by self time; `(program)`, `(garbage collector)` and `(idle)` are V8's own. */
function hottest(
  profile: Profiler.Profile,
  count: number,
): { percent: number; function: string; where: string }[] {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const selfMicros = new Map<string, number>();
  let total = 0;
  for (const [index, id] of (profile.samples ?? []).entries()) {
    const { functionName, url, lineNumber } = frames.get(id)!;
    // The profiler's own starting and stopping.
    if (functionName === 'dispatch' && url === '') continue;
    const place = url === '' ? '' : `${url.replace(/^.*\/(dist|node_modules)\//, '$1/')}:${lineNumber + 1}`;
    const key = `${functionName || '(anonymous)'}\0${place}`;
    const micros = profile.timeDeltas?.[index] ?? 0;
    selfMicros.set(key, (selfMicros.get(key) ?? 0) + micros);
    total += micros;
  }
  return [...selfMicros]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([key, micros]) => {
      const [name, where] = key.split('\0');
      return { percent: round((100 * micros) / total), function: name!, where: where! };
    });
}
