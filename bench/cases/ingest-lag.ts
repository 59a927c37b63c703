import type { BenchCase } from '../case.ts';
import { searchOf } from '../catalogue.ts';
import { latencies, median, round } from '../measure.ts';
import { fill, searchOnce, withService } from '../service.ts';

const probeMs = 5;

export const ingestLag: BenchCase = {
  name: 'ingest-lag',
  description:
    "lag of the main thread's event loop while documents with embeddings are ingested and projected",
  run: ({ catalogue, size }) =>
    withService(async (open) => {
      const first = await timed(() => fill(open, catalogue));
      const again: Timed[] = [];
      for (let round = 0; round < (size === 'full' ? 3 : 1); round += 1)
        again.push(await timed(() => fill(open, catalogue)));
      await searchOnce(open, searchOf(catalogue.queries[0]!));
      const count = catalogue.documents.length;
      return {
        measurements: [
          { name: 'lag, first load of a cold process', values: latencies(first.lagsMs) },
          { name: 'lag, the same documents again', values: latencies(again.flatMap(({ lagsMs }) => lagsMs)) },
          { name: 'first load until searchable', values: speed([first], count) },
          { name: 'again until searchable', values: speed(again, count) },
        ],
        notes: [
          `how much later than due a timer of ${probeMs} ms fires: what a request would wait for the loop`,
          'again: every document is replaced while the catalogue is live; the code is compiled by then',
        ],
      };
    }),
};

interface Timed {
  readonly lagsMs: readonly number[];
  readonly seconds: number;
}

async function timed(work: () => Promise<void>): Promise<Timed> {
  const probe = startProbe();
  const started = performance.now();
  await work();
  return { seconds: (performance.now() - started) / 1_000, lagsMs: probe.stop() };
}

function speed(runs: readonly Timed[], documents: number): Record<string, number> {
  const seconds = median(runs.map((run) => run.seconds));
  return { seconds: round(seconds), per_second: round(documents / seconds) };
}

/** A timer that is set again each time it fires. */
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
