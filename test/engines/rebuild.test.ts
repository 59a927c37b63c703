import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTriptych, rebuildIndexes } from '../../src/compose.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { SharedIndex } from '../../src/ports/shared-index.ts';
import { testSchema } from '../support/arbitraries.ts';
import { describeWithEngines } from '../support/engines.ts';
import { freshKey, neo4jOptions, openTestNeo4j } from '../support/neo4j-subject.ts';
import { fanOfDocuments } from '../support/search-fixture.ts';

describeWithEngines(['neo4j'], 'triptych rebuild', ({ neo4j: engine }) => {
  const key = freshKey();
  const dataDir = mkdtempSync(join(tmpdir(), 'triptych-rebuild-'));
  const documents = fanOfDocuments(5);
  const { config } = loadConfig({
    flags: {
      ...{ dataDir, embedder: 'none', logLevel: 'silent', rerankBackend: 'js' },
      ...{ neo4jUri: engine.uri, neo4jUser: engine.user, neo4jPassword: engine.password },
    },
    cwd: process.cwd(),
  });
  let index: SharedIndex;

  beforeAll(async () => {
    index = openTestNeo4j(neo4jOptions(engine)).shared;
    const { service } = await createTriptych(config, { tenants: [key.tenant] });
    await service.createCatalogue(key.tenant, testSchema);
    const operations = documents.map((document) => ({ kind: 'put' as const, document }));
    await service.write(key.tenant, operations, { waitSearchable: true });
    await service.close();
  }, 240_000);

  afterAll(async () => {
    await index.drop(key);
    await index.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const held = async () => (await index.versions(key, null, 100)).map(({ id }) => id);

  it('throws away what the truth does not know, also what is newer, and brings back all that it does', async () => {
    const version = 1_000;
    const [first] = documents;
    await index.apply(key, [
      { kind: 'put', document: { ...first!, id: 'stray', embedding: Float32Array.of(1, 0), version } },
      { kind: 'delete', id: first!.id, version },
    ]);
    expect(await held()).toContain('stray');
    const pending: number[] = [];
    const signal = new AbortController().signal;
    const rebuilt = await rebuildIndexes(
      config,
      { indexes: ['neo4j'], tenants: [key.tenant], waits: true },
      { onPending: (_, count) => pending.push(count), signal },
    );
    expect(rebuilt).toEqual([
      { index: 'neo4j', tenant: key.tenant, documents: documents.length, parked: 0, done: true },
    ]);
    expect(await held()).toEqual(documents.map(({ id }) => id).sort());
    expect(pending.length).toBeGreaterThan(0);
  }, 240_000);

  it('only says what is due where nobody waits', async () => {
    const signal = new AbortController().signal;
    const [one] = await rebuildIndexes(
      config,
      { indexes: null, tenants: [key.tenant], waits: false },
      { onPending() {}, signal },
    );
    expect(one).toMatchObject({ documents: documents.length, done: false });
    expect(await held()).toEqual([]);
  }, 240_000);
});
