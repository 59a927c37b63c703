import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTriptych } from '../../src/compose.ts';
import type { Triptych } from '../../src/ports/triptych.ts';
import { type HttpHarness, startHttp } from './http-harness.ts';

/** The real service with its embedded stores, empty, behind the real server; `close` takes its data folder away too. */
export async function startWholeService(): Promise<HttpHarness<Triptych>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'triptych-http-'));
  const { service } = await createTriptych({
    host: '127.0.0.1',
    port: 0,
    keysFile: null,
    dataDir,
    demo: false,
    schema: null,
    logLevel: 'silent',
    embedder: { kind: 'none' },
    rerankBackend: 'auto',
    tfjsBackends: false,
    nativeVariant: 'auto',
    tfjsDir: null,
    residentRowsMax: null,
    stores: { postgres: null, postgresOwner: null, milvus: null, neo4j: null, redis: null },
  });
  const http = await startHttp(service);
  return {
    ...http,
    async close() {
      await http.close();
      await service.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
