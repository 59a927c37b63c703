import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { migratePostgres } from '../../src/adapters/postgres/migrate-postgres.ts';
import type { PostgresStores } from '../../src/adapters/postgres/open-postgres.ts';
import { emptyPolicy } from '../../src/domain/policy.ts';
import { limits } from '../../src/limits.ts';
import { type FaultyStores, faultKinds, startFaultyStores } from '../support/faults/faulty-stores.ts';
import { openStores } from '../support/postgres.ts';

let faulty: FaultyStores;
let stores: PostgresStores;
const tenant = `faults ${process.pid} ${Date.now()}`;
const urls = () => ({
  url: faulty.env.TRIPTYCH_POSTGRES_URL ?? '',
  workerUrl: faulty.env.TRIPTYCH_POSTGRES_WORKER_URL ?? '',
});

beforeAll(async () => {
  faulty = await startFaultyStores(['postgres'], (line) => process.stderr.write(`${line}\n`));
  await migratePostgres({ url: faulty.env.TRIPTYCH_POSTGRES_OWNER_URL ?? '', ca: null });
});
afterAll(() => faulty?.close());
afterEach(() => stores?.documents.close());

const codes = ['unavailable', 'deadline_exceeded', 'store_open', 'overloaded'];

for (const kind of faultKinds)
  it(`a Postgres that is ${kind} costs bounded time, loses nothing, and is used again`, async () => {
    stores = await openStores(urls());
    const { policies, documents } = stores;
    const user = `user of ${kind}`;
    const { version } = await policies.putPolicy(tenant, user, 'default', emptyPolicy, null);
    const fault = faulty.fault('postgres', kind);
    await fault.begin();
    const reads = Array.from({ length: 20 }, () => bounded(policies.head(tenant, user, 'default')));
    // What is late may still be an answer; what is none says why.
    for (const outcome of await Promise.all(reads)) expect(['answered', ...codes]).toContain(outcome);
    // A short answer may come in time where they are slow only.
    const slow = kind === 'latency' || kind === 'slow_drip';
    expect(slow ? ['answered', ...codes] : codes).toContain(await bounded(documents.ping()));
    await fault.end();
    const read = () => policies.head(tenant, user, 'default').then(({ policy }) => policy.version, codeOf);
    await expect.poll(read, { timeout: 45_000, interval: 200 }).toBe(version);
    const next = await policies.putPolicy(tenant, user, 'default', emptyPolicy, version);
    expect(next.version).toBeGreaterThan(version);
    await expect.poll(() => bounded(documents.ping()), { timeout: 45_000 }).toBe('answered');
  }, 120_000);

/** How a call ended; one that does not end in a multiple of its time fails the test. */
async function bounded(call: Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const endless = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('endless'), 5 * limits.sqlReadMsMax);
  });
  const outcome = await Promise.race([call.then(() => 'answered', codeOf), endless]);
  clearTimeout(timer);
  return outcome;
}

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? String(error);
}
