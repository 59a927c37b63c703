import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createTriptych, loadConfig, parseSearchRequest } from '../../src/index.ts';
import { testSchema } from '../support/arbitraries.ts';
import { fanOfDocuments } from '../support/search-fixture.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'triptych-library-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

it('the library does what the README shows', async () => {
  const { config } = loadConfig({ flags: { dataDir, embedder: 'none' }, cwd: process.cwd() });
  const { service } = await createTriptych(config);
  try {
    const tenant = 'default';
    await service.createCatalogue(tenant, testSchema);
    const operations = fanOfDocuments(5).map((document) => ({ kind: 'put' as const, document }));
    await service.write(tenant, operations, { waitSearchable: true });
    const schema = service.schema(tenant);
    if (schema === null) throw new Error('there is no catalogue yet');
    const context = { schema, profiles: service.profiles() };
    const request = parseSearchRequest({ query: 'robot', k: 2, timeout_ms: 10_000 }, context);
    const answer = await service.search(tenant, request, { startedAtMs: performance.now() });
    expect(answer.results.map((result) => result.title)).toEqual(['Document 4', 'Document 2']);
    expect(answer.strategy).toBe('LexicalOnly');
  } finally {
    await service.close();
  }
}, 60_000);
