import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openPglite } from '../../src/adapters/pglite/open-pglite.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { emptyPolicy } from '../../src/domain/policy.ts';
import { learnFrom } from '../../src/domain/user-learning.ts';
import { MemoryUserStore } from '../support/memory-user-store.ts';
import { eventOf, expectSameState, lookupTestDocument, testSpace } from '../support/user-states.ts';
import { eventLogContract } from './event-log.contract.ts';
import { policyStoreContract } from './policy-store.contract.ts';
import { secretStoreContract } from './secret-store.contract.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'triptych-users-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

const openReference = async () => {
  const store = new MemoryUserStore();
  return { policies: store, events: store, secrets: store, checksText: false, close: async () => {} };
};
const openEngine = (folder: string | null) => async () => {
  const stores = await openPglite({ dataDir: folder, clock: systemClock });
  return { ...stores, checksText: true, close: () => stores.documents.close() };
};

for (const [name, open] of [
  ['in memory, for tests', openReference],
  ['PGlite in memory', openEngine(null)],
  ['PGlite on disk', openEngine(dataDir)],
] as const)
  describe(`stores of users: ${name}`, () => {
    // Opened once for all three suites: that takes most of the time.
    let opened: ReturnType<typeof open> | null = null;
    const shared = async () => {
      opened ??= open();
      return { ...(await opened), close: async () => {} };
    };
    afterAll(async () => (await opened)?.close());
    policyStoreContract(name, shared);
    eventLogContract(name, shared);
    secretStoreContract(name, shared);
  });

it('everything survives a restart, and versions go on', async () => {
  const open = openEngine(dataDir);
  const first = await open();
  const events = [eventOf('1'), eventOf('2', { document: 'b' })];
  await first.events.append([{ tenant: 'restarted', events }], 1);
  await first.events.apply(
    'restarted',
    'u',
    ['1'],
    learnFrom(events.slice(0, 1), lookupTestDocument, testSpace),
  );
  const { version } = await first.policies.putPolicy('restarted', 'u', 'default', emptyPolicy, null);
  const before = await first.policies.head('restarted', 'u', 'default');
  const key = await first.secrets.signingKey();
  await first.close();
  const second = await open();
  const after = await second.policies.head('restarted', 'u', 'default');
  expect({ ...after, state: null }).toEqual({ ...before, state: null });
  expectSameState(after.state, before.state);
  expect(after.pendingEvents).toBe(1);
  expect([...(await second.secrets.signingKey())]).toEqual([...key]);
  const next = await second.policies.putPolicy('restarted', 'u', 'default', emptyPolicy, version);
  expect(next.version).toBeGreaterThan(version);
  await second.close();
}, 60_000);
