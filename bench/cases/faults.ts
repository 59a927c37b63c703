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
import type { BenchCase, BenchContext, Measurement } from '../case.ts';
import { latencies, round } from '../measure.ts';

const deadlineMs = 200;
/** Beyond the deadline, at p99. */
const aimMs = 25;
const questions = 10;
const recoveryMs = 120_000;

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

async function measure(stores: FaultyStores, service: FaultService, count: number, say: BenchContext['say']) {
  const good = await goodAnswers(service, questions, recoveryMs);
  const ask = (faulty: readonly StoreName[]): Promise<FaultCell> =>
    askUnderFault(service, good, { count, together: 4, timeoutMs: deadlineMs, faulty });
  const measurements: Measurement[] = [measurementOf('nothing at fault', await ask([]), 0)];
  const wrong: string[] = [];
  for (const store of storeNames)
    for (const kind of faultKinds) {
      const fault = stores.fault(store, kind);
      say(`${fault.name} ...`);
      await fault.begin();
      const cell = await ask([store]).finally(() => fault.end());
      const began = performance.now();
      await goodAnswers(service, questions, recoveryMs);
      measurements.push(measurementOf(fault.name, cell, performance.now() - began));
      wrong.push(...cell.problems.map((problem) => `${fault.name}: ${problem}`));
    }
  const missed = measurements.filter(({ values }) => values.met === 0);
  const notes = [
    `Deadline ${deadlineMs} ms, 4 callers at once, in process; "met": p99 at most ${deadlineMs + aimMs} ms.`,
    `${measurements.length - missed.length} of ${measurements.length} met${missed.map(({ name }) => `, not ${name}`).join('')}.`,
    'recovered_s: from the end of the fault until ten answers in a row are whole, the start of a killed server left out.',
    ...wrong.slice(0, 20).map((problem) => `PROBLEM ${problem}`),
  ];
  return { measurements, notes };
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
