import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openPglite } from '../../src/adapters/pglite/open-pglite.ts';
import { documentStoreContract } from './document-store.contract.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'triptych-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

documentStoreContract({
  name: 'PGlite in memory',
  open: async (clock) => (await openPglite({ dataDir: null, clock })).documents,
});

documentStoreContract({
  name: 'PGlite on disk',
  open: async (clock) => (await openPglite({ dataDir, clock })).documents,
});
