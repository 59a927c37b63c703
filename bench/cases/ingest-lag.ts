import type { BenchCase } from '../case.ts';
import { searchOf } from '../catalogue.ts';
import { latencies, round } from '../measure.ts';
import { fill, searchOnce, withService } from '../service.ts';

const probeMs = 5;

export const ingestLag: BenchCase = {
  name: 'ingest-lag',
  description:
    "lag of the main thread's event loop while documents with embeddings are ingested and projected",
  run: ({ catalogue }) =>
    withService(async (open) => {
      const probe = startProbe();
      const started = performance.now();
      await fill(open, catalogue);
      const seconds = (performance.now() - started) / 1_000;
      const lags = probe.stop();
      await searchOnce(open, searchOf(catalogue.queries[0]!));
      return {
        measurements: [
          { name: 'event-loop lag', values: latencies(lags) },
          {
            name: 'ingest until searchable',
            values: { seconds: round(seconds), per_second: round(catalogue.documents.length / seconds) },
          },
        ],
        notes: [
          `how late a timer of ${probeMs} ms fires; includes 5 ms timer granularity of a loaded machine`,
        ],
      };
    }),
};

/** How late a timer fires that is set again each time: what a request would wait for the loop. */
function startProbe(): { stop: () => number[] } {
  const lags: number[] = [];
  let due = performance.now() + probeMs;
  let timer = setTimeout(tick, probeMs);
  function tick(): void {
    const now = performance.now();
    lags.push(Math.max(0, now - due));
    due = now + probeMs;
    timer = setTimeout(tick, probeMs);
  }
  return {
    stop: () => {
      clearTimeout(timer);
      return lags;
    },
  };
}
