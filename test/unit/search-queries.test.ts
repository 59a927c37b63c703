import { describe, expect, it } from 'vitest';
import type { EvalQuery } from '../../src/eval/query-file.ts';
import { searchQueries } from '../../src/eval/search-queries.ts';
import { evalLimits } from '../../src/eval-limits.ts';

const queries = (count: number): EvalQuery[] =>
  Array.from({ length: count }, (_, i) => ({ id: `q${i}`, body: {}, place: `q:${i + 1}` }));
const open = new AbortController().signal;

describe('searching the queries of an evaluation', () => {
  it('keeps their order, whichever answers first, counts degraded answers and bounds what is in flight', async () => {
    let inFlight = 0;
    let most = 0;
    let answered = 0;
    const { rankings, degraded } = await searchQueries(
      queries(20),
      async ({ id }) => {
        most = Math.max(most, ++inFlight);
        for (let turn = 0; turn < Number(id.slice(1)) % 5; turn++) await null;
        inFlight -= 1;
        return { ids: [`of ${id}`], degraded: id === 'q3' };
      },
      open,
      () => {
        answered += 1;
      },
    );
    expect([...rankings]).toEqual(queries(20).map(({ id }) => [id, [`of ${id}`]]));
    expect([degraded, answered, most]).toEqual([1, 20, evalLimits.searchesInFlightMax]);
  });

  it('ends with the first failure and asks no more', async () => {
    let asked = 0;
    const failing = searchQueries(
      queries(50),
      async ({ id }) => {
        asked += 1;
        if (id === 'q2') throw new Error('no answer');
        return { ids: [], degraded: false };
      },
      open,
    );
    await expect(failing).rejects.toThrow('no answer');
    expect(asked).toBeLessThanOrEqual(3 + evalLimits.searchesInFlightMax);
  });

  it('ends with the reason of an aborted signal', async () => {
    const stop = new AbortController();
    const stopped = searchQueries(
      queries(50),
      async ({ id }) => {
        if (id === 'q5') stop.abort(new Error('stopped'));
        return { ids: [], degraded: false };
      },
      stop.signal,
    );
    await expect(stopped).rejects.toThrow('stopped');
  });
});
