import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type FaultKind,
  type FaultyStores,
  faultKinds,
  startFaultyStores,
} from '../support/faults/faulty-stores.ts';

let stores: FaultyStores;
beforeAll(async () => {
  stores = await startFaultyStores(['redis', 'postgres'], (line) => process.stderr.write(`${line}\n`));
});
afterAll(() => stores?.close());

type Outcome = 'answered' | 'silent' | 'failed';

/** How long something that has to come is waited for. */
const patienceMs = 20_000;
/** How long nothing must come where silence is wanted: less than what the faults add. */
const silenceMs = 600;

/** @param wanted what is to come of it; says how long it is waited for */
async function outcomeOf(work: Promise<unknown>, wanted: Outcome = 'answered'): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => resolve('silent'), wanted === 'silent' ? silenceMs : patienceMs);
  });
  try {
    return await Promise.race([work.then((): Outcome => 'answered'), silence]);
  } catch {
    return 'failed';
  } finally {
    clearTimeout(timer);
  }
}

/** One connection without timeouts and retries of its own, so that what shows is the fault. */
interface Probe {
  readonly ask: () => Promise<unknown>;
  readonly end: () => void;
}

async function redisProbe(wanted?: Outcome): Promise<Probe> {
  const client = new Redis(stores.env.TRIPTYCH_REDIS_URL ?? '', {
    password: stores.env.TRIPTYCH_REDIS_PASSWORD ?? '',
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: 60_000,
  });
  client.on('error', () => {});
  const probe = { ask: () => client.info(), end: () => client.disconnect() };
  return connected(client.connect(), probe, wanted);
}

async function postgresProbe(wanted?: Outcome): Promise<Probe> {
  const client = new pg.Client({ connectionString: stores.env.TRIPTYCH_POSTGRES_URL });
  client.on('error', () => {});
  const stop = (): void => {
    // `end` would wait for an answer that does not come.
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  };
  const ask = (): Promise<unknown> => client.query("SELECT repeat('x', 20000)");
  return connected(client.connect(), { ask, end: stop }, wanted);
}

async function connected(connecting: Promise<unknown>, probe: Probe, wanted?: Outcome): Promise<Probe> {
  const outcome = await outcomeOf(connecting, wanted);
  if (outcome === 'answered') return probe;
  probe.end();
  throw new Error(outcome);
}

/** What a connection made before the fault gets during it, and what one made during it. */
const expected: Readonly<Record<FaultKind, readonly [Outcome, Outcome]>> = {
  refused: ['failed', 'failed'],
  blackhole: ['silent', 'silent'],
  unreachable: ['failed', 'silent'],
  latency: ['silent', 'silent'],
  reset: ['failed', 'failed'],
  slow_drip: ['silent', 'silent'],
  frozen: ['silent', 'silent'],
  killed: ['failed', 'failed'],
};

describe.each([
  ['redis', redisProbe],
  ['postgres', postgresProbe],
] as const)('a fault of %s', (store, open) => {
  it.each(faultKinds)('%s shows to what is connected and to what connects, and is over', async (kind) => {
    const fault = stores.fault(store, kind);
    const [ofBefore, ofFresh] = expected[kind];
    const before = await open();
    expect(await outcomeOf(before.ask())).toBe('answered');
    await fault.begin();
    try {
      const during = open(ofFresh).then(async (probe) => {
        const outcome = await outcomeOf(probe.ask(), ofFresh);
        probe.end();
        if (outcome !== 'answered') throw new Error(outcome);
      });
      const fresh = await during.then(
        () => 'answered',
        (error: Error) => error.message,
      );
      expect([await outcomeOf(before.ask(), ofBefore), fresh]).toEqual(expected[kind]);
    } finally {
      before.end();
      await fault.end();
    }
    const after = await open();
    expect(await outcomeOf(after.ask())).toBe('answered');
    after.end();
  });

  it('delays answers as long as asked', async () => {
    const slow = stores.delay(store, 100);
    const probe = await open();
    await slow.begin();
    const began = performance.now();
    expect(await outcomeOf(probe.ask())).toBe('answered');
    expect(performance.now() - began).toBeGreaterThan(95);
    await slow.end();
    probe.end();
  });
});
