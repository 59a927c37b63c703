import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ComposedTriptych, createTriptych, defaultTenant } from '../src/compose.ts';
import { loadConfig } from '../src/config/load.ts';
import type { SearchRequest } from '../src/domain/search-request.ts';
import type { SearchResponse } from '../src/domain/search-response.ts';
import { TriptychError } from '../src/errors.ts';
import { limits } from '../src/limits.ts';
import type { BenchCatalogue } from './catalogue.ts';

/** The service over embedded stores in a folder of its own; without embedder queries bring their vectors. */
export async function withService<T>(
  use: (open: ComposedTriptych) => Promise<T>,
  embedder: 'none' | 'builtin' = 'none',
): Promise<T> {
  const dataDir = mkdtempSync(join(tmpdir(), 'triptych-bench-'));
  const { config } = loadConfig({
    flags: { dataDir, port: 0, embedder, demo: false, logLevel: 'error' },
    cwd: process.cwd(),
  });
  const open = await createTriptych(config);
  try {
    return await use(open);
  } finally {
    await open.service.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/**
 * Writes all documents in batches, as `triptych ingest` does, and waits until they are searchable, however long that takes:
 * a live catalogue takes documents up at limits.epochDocumentsMax an epoch, and searches of a part of them would be others.
 */
export async function fill({ service }: ComposedTriptych, catalogue: BenchCatalogue): Promise<void> {
  await service.createCatalogue(defaultTenant, catalogue.schema);
  const { documents } = catalogue;
  for (let at = 0; at < documents.length; at += limits.ingestBatchRows) {
    const batch = documents.slice(at, at + limits.ingestBatchRows);
    await service.write(
      defaultTenant,
      batch.map((document) => ({ kind: 'put', document })),
      { waitSearchable: false },
    );
  }
  // One wait ends after limits.searchableWaitMsMax.
  while (!(await service.write(defaultTenant, [], { waitSearchable: true })).searchable);
}

/** One search that must be complete: a degraded or empty answer would make the figures a lie. */
export async function searchOnce(
  { service }: ComposedTriptych,
  request: SearchRequest,
): Promise<SearchResponse> {
  const response = await service
    .search(defaultTenant, request, { startedAtMs: performance.now() })
    .catch((error: unknown) => {
      // What was incomplete is no part of the message.
      const coverage = error instanceof TriptychError ? JSON.stringify(error.members.coverage) : '';
      throw new Error(`a search failed ${coverage}`, { cause: error });
    });
  if (response.degraded || response.results.length === 0)
    throw new Error(
      `a search was ${response.degraded ? 'degraded' : 'empty'}: ${JSON.stringify(response.coverage)}`,
    );
  return response;
}
