import { type StoreName, storeNames } from '../../src/ports/store-caller.ts';
import { askUnderFault, type FaultCell } from '../../test/support/faults/fault-cell.ts';
import {
  type FaultService,
  fillFaultService,
  goodAnswers,
  openFaultService,
  prepareDatabase,
} from '../../test/support/faults/fault-service.ts';
import { type FaultyStores, faultKinds, startFaultyStores } from '../../test/support/faults/faulty-stores.ts';
import type { BenchCase, BenchContext, BenchResult, Measurement } from '../case.ts';
import { latencies, median, round } from '../measure.ts';

const deadlineMs = 200;
/** Beyond the deadline, at p99. */
const aimMs = 25;
const questions = 10;
const recoveryMs = 120_000;

/** Added to Milvus and to Neo4j at once, and the most that both together may then cost. */
const addedMs = 100;
const addedMsMax = 140;
const patientMs = 2_000;

export const faults: BenchCase = {
  name: 'faults',
  description: 'how long callers wait while a store is at fault, for every store and kind of fault',
  onRequest: true,
  async run({ size, say }) {
    const stores = await startFaultyStores(storeNames, say);
    try {
      await prepareDatabase(stores.env);
      const service = await openFaultService(stores.env);
      try {
        await fillFaultService(service);
        return await measure(stores, service, size === 'full' ? 200 : 20, say);
      } finally {
        await service.close();
      }
    } finally {
      await stores.close();
    }
  },
};

async function measure(
  stores: FaultyStores,
  service: FaultService,
  count: number,
  say: BenchContext['say'],
): Promise<BenchResult> {
  const good = await goodAnswers(service, questions, recoveryMs);
  const ask = (faulty: readonly StoreName[]): Promise<FaultCell> =>
    askUnderFault(service, good, { count, together: 4, timeoutMs: deadlineMs, faulty });
  say(`${addedMs} ms added to Milvus and to Neo4j ...`);
  const together = await bothLater(stores, service, Math.max(10, count / 4));
  // Left out: what is compiled and connected for four callers is so for every cell after it.
  await ask([]);
  const cells: Measurement[] = [measurementOf('nothing at fault', await ask([]), 0)];
  const wrong: string[] = [];
  const kinds = storeNames.flatMap((store) => faultKinds.map((kind) => ({ store, kind })));
  for (const [i, { store, kind }] of kinds.entries()) {
    const fault = stores.fault(store, kind);
    say(`${i + 1} of ${kinds.length}: ${fault.name} ...`);
    await fault.begin();
    const cell = await ask([store]).finally(() => fault.end());
    const began = performance.now();
    await goodAnswers(service, questions, recoveryMs);
    const measured = measurementOf(fault.name, cell, performance.now() - began);
    cells.push(measured);
    wrong.push(...cell.problems.map((problem) => `${fault.name}: ${problem}`));
    say(`  p99 ${measured.values.p99_ms} ms, whole again after ${measured.values.recovered_s} s`);
  }
  const missed = cells.filter(({ values }) => values.met === 0);
  const notes = [
    `Deadline ${deadlineMs} ms, 4 callers at once, in process; "met": p99 at most ${deadlineMs + aimMs} ms.`,
    `${cells.length - missed.length} of ${cells.length} met${missed.map(({ name }) => `, not ${name}`).join('')}.`,
    'recovered_s: from the end of the fault until twenty answers in a row are whole, the start of a killed server left out.',
    `${addedMs} ms later: medians of one caller; met where both together cost at most ${addedMsMax} ms more.`,
    ...wrong.slice(0, 20).map((problem) => `PROBLEM ${problem}`),
  ];
  return { measurements: [together, ...cells], notes };
}

function measurementOf(
  name: string,
  { waits, degraded, errors, problems }: FaultCell,
  recoveredMs: number,
): Measurement {
  const times = latencies(waits);
  const met = times.p99_ms! <= deadlineMs + aimMs ? 1 : 0;
  const recovered_s = round(recoveredMs / 1_000);
  return { name, values: { ...times, degraded, errors, problems: problems.length, recovered_s, met } };
}

/** Asked one after the other, two legs that are late would cost what was added twice. */
async function bothLater(stores: FaultyStores, service: FaultService, count: number): Promise<Measurement> {
  const plainMs = await usualMs(service, count);
  const delays = [stores.delay('milvus', addedMs), stores.delay('neo4j', addedMs)];
  for (const delay of delays) await delay.begin();
  // Connections that are given back late make the pool open others, each some round trips.
  await usualMs(service, questions);
  const laterMs = await usualMs(service, count).finally(async () => {
    for (const delay of delays) await delay.end();
  });
  await goodAnswers(service, questions, recoveryMs);
  const costMs = laterMs - plainMs;
  // A part of it goes by while slower legs are waited for anyway; less than half would mean that it was not added.
  const met = costMs >= addedMs / 2 && costMs <= addedMsMax ? 1 : 0;
  const figures = { plain_p50_ms: plainMs, later_p50_ms: laterMs, cost_ms: costMs };
  const rounded = Object.entries(figures).map(([name, ms]) => [name, round(ms)] as const);
  return {
    name: `Milvus and Neo4j ${addedMs} ms later`,
    values: { ...Object.fromEntries(rounded), met },
  };
}

/** The median wait of one caller for a whole answer, in ms. @throws Error for an answer that is not whole */
async function usualMs(service: FaultService, count: number): Promise<number> {
  const waits: number[] = [];
  for (let i = 0; i < count; i++) {
    const { response, error, ms } = await service.ask(i % questions, patientMs);
    if (response === null || response.degraded)
      throw new Error(`no whole answer: ${String(error ?? JSON.stringify(response?.coverage))}`);
    waits.push(ms);
  }
  return median(waits);
}
