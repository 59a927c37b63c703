import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createTriptych } from '../../src/compose.ts';
import { loadConfig } from '../../src/config/load.ts';
import { testSchema } from '../support/arbitraries.ts';
import { fanOfDocuments, plainRequest } from '../support/search-fixture.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'triptych-named-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

/** Opens the service three times: slow on a busy machine. */
it('the backend that the settings name serves, is told, and changes no result', async () => {
  const answers: unknown[] = [];
  for (const rerankBackend of ['js', 'tfjs-wasm', 'auto']) {
    const flags = { dataDir, embedder: 'none', rerankBackend, logLevel: 'silent' };
    const { service, parts } = await createTriptych(loadConfig({ flags, cwd: process.cwd() }).config);
    try {
      if (service.schema('default') === null) {
        await service.createCatalogue('default', testSchema);
        const operations = fanOfDocuments(40).map((document) => ({ kind: 'put' as const, document }));
        await service.write('default', operations, { waitSearchable: true });
      }
      const request = { ...plainRequest, query: 'robot', timeoutMs: 10_000, cache: 'skip' as const };
      const answer = await service.search('default', request, { startedAtMs: performance.now() });
      const { backend, scorer } = service.planStats();
      expect(scorer.setting).toBe(rerankBackend);
      if (rerankBackend !== 'auto') expect([answer.backend, backend]).toEqual([rerankBackend, rerankBackend]);
      expect(parts.scorer).toMatch(new RegExp(`^${answer.backend}\\b`));
      answers.push(answer.results);
    } finally {
      await service.close();
    }
  }
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]).toEqual(answers[0]);
}, 240_000);
