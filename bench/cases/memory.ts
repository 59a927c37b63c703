import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTriptych } from '../../src/compose.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { BenchCase, Measurement } from '../case.ts';
import { round } from '../measure.ts';
import { residentMib, startServer } from '../server-process.ts';
import { fill } from '../service.ts';

export const memory: BenchCase = {
  name: 'memory',
  description: 'resident memory of a server with the catalogue, with and without the built-in embedder',
  run: async ({ catalogue, size, seed }) => {
    if (process.platform !== 'linux')
      return {
        measurements: [],
        notes: [`skipped: resident memory is read from /proc, not on ${process.platform}`],
      };
    const dataDir = mkdtempSync(join(tmpdir(), 'triptych-bench-'));
    try {
      const { config } = loadConfig({
        flags: { dataDir, embedder: 'none', demo: false },
        cwd: process.cwd(),
      });
      const open = await createTriptych(config);
      await fill(open, catalogue);
      await open.service.close();
      const texts = catalogue.queries.slice(0, size === 'full' ? 200 : 20).map(({ text }) => text);
      const measurements: Measurement[] = [];
      for (const embedder of ['none', 'builtin']) measurements.push(await measure(dataDir, embedder, texts));
      return {
        measurements,
        notes: [`text searches after the start; a server process of its own for each; seed ${seed}`],
      };
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
};

/** Starts a server on the folder, searches, and reads the resident memory of the whole process. */
async function measure(dataDir: string, embedder: string, texts: readonly string[]): Promise<Measurement> {
  const started = performance.now();
  const server = await startServer(dataDir, embedder);
  try {
    const seconds = (performance.now() - started) / 1_000;
    const idle = residentMib(server.pid);
    for (const query of texts) await search(server.url, query);
    return {
      name: `embedder ${embedder}`,
      values: { start_seconds: round(seconds), idle_mib: idle, after_searches_mib: residentMib(server.pid) },
    };
  } finally {
    await server.stop();
  }
}

async function search(url: string, query: string): Promise<void> {
  const response = await fetch(`${url}/v1/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, timeout_ms: 10_000 }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`a search was refused with ${response.status}: ${text.slice(0, 200)}`);
}
