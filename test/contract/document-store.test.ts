import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openPgliteDocumentStore } from '../../src/adapters/pglite/pglite-document-store.ts';
import { documentStoreContract } from './document-store.contract.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'triptych-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

documentStoreContract({
  name: 'PGlite in memory',
  open: (clock) => openPgliteDocumentStore({ dataDir: null, clock }),
});

documentStoreContract({
  name: 'PGlite on disk',
  open: (clock) => openPgliteDocumentStore({ dataDir, clock }),
});
