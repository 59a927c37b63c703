import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createTriptych, defaultTenant } from '../../src/compose.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { DocumentInput } from '../../src/domain/document.ts';
import { limits } from '../../src/limits.ts';
import { vectorToBase64 } from '../../src/std/vector-base64.ts';
import type { BenchCase, BenchContext, Measurement } from '../case.ts';
import { clusteredDocuments, generatedSchema } from '../catalogue.ts';
import { HttpLoad } from '../http-load.ts';
import { round, summary } from '../measure.ts';
import { residentMib, startServer } from '../server-process.ts';

const counts = { small: 1_000, full: 100_000 } as const;

/** Where the vectors are searched; Milvus by its environment, everything else embedded. */
const variants = ['embedded', 'milvus'] as const;
type Variant = (typeof variants)[number];

/** A search by its vector alone has only this leg; the other has words too. */
const searches = [
  { name: 'vector', words: false },
  { name: 'vector and words', words: true },
] as const;

export const searchScale: BenchCase = {
  name: 'search-scale',
  description: '100,000 generated documents: build time, memory and latency, embedded and with Milvus',
  onRequest: true,
  run: async (context) => {
    const milvus = process.env.TRIPTYCH_MILVUS_ADDRESS !== undefined;
    const measurements: Measurement[] = [];
    const found = new Map<Variant, string[][]>();
    for (const variant of variants.filter((name) => name === 'embedded' || milvus))
      measurements.push(...(await measure(context, variant, found)));
    if (milvus) measurements.push(agreement(found.get('embedded')!, found.get('milvus')!));
    return {
      measurements,
      notes: [
        `${counts[context.size]} documents of 43 words, 512-d vectors in 500 clusters, over HTTP, 1 and 8 connections; a server process of its own for each`,
        ...(milvus
          ? []
          : ['without Milvus: TRIPTYCH_MILVUS_ADDRESS is not set; npm run bench:engines sets it']),
        'the load, the service and the stores share the processors',
        'build: written in batches, committed, and searchable in every index; start: with everything built',
      ],
    };
  },
};

async function measure(
  { size, seed, say }: BenchContext,
  variant: Variant,
  found: Map<Variant, string[][]>,
): Promise<Measurement[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'triptych-bench-'));
  const env = environmentOf(variant);
  try {
    const milvusBefore = milvusMib();
    const build = await fillFolder(dataDir, env, clusteredDocuments(counts[size], seed), (count) =>
      say(`${variant}: ${count} of ${counts[size]} documents written`),
    );
    const milvus = variant === 'milvus' ? { milvus_growth_mib: milvusMib() - milvusBefore } : {};
    const started = performance.now();
    const server = await startServer(dataDir, 'none', env);
    try {
      const startSeconds = round((performance.now() - started) / 1_000);
      const idle = residentMib(server.pid);
      const latency = await load(server.url, size, seed, (lists) => found.set(variant, lists));
      return [
        {
          name: variant,
          values: {
            ...build,
            start_seconds: startSeconds,
            idle_mib: idle,
            after_searches_mib: residentMib(server.pid),
            ...milvus,
          },
        },
        ...latency.map(({ name, values }) => ({ name: `${variant}, ${name}`, values })),
      ];
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** The process's environment, where only what the variant needs is set of the stores. */
function environmentOf(variant: Variant): NodeJS.ProcessEnv {
  const kept = variant === 'milvus' ? /^TRIPTYCH_MILVUS_/ : /^$/;
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('TRIPTYCH_') || kept.test(name)),
  );
}

async function fillFolder(
  dataDir: string,
  env: NodeJS.ProcessEnv,
  documents: Iterable<DocumentInput>,
  progress: (count: number) => void,
): Promise<Record<string, number>> {
  const { config } = loadConfig({
    env,
    flags: { dataDir, embedder: 'none', demo: false, logLevel: 'error' },
    cwd: process.cwd(),
  });
  const { service } = await createTriptych(config);
  try {
    const started = performance.now();
    const seconds = (): number => round((performance.now() - started) / 1_000);
    await service.createCatalogue(defaultTenant, generatedSchema);
    let batch: DocumentInput[] = [];
    let count = 0;
    const write = async (): Promise<void> => {
      const operations = batch.map((document) => ({ kind: 'put' as const, document }));
      await service.write(defaultTenant, operations, { waitSearchable: false });
      count += batch.length;
      batch = [];
      if (count % 10_000 === 0) progress(count);
    };
    for (const document of documents) {
      batch.push(document);
      if (batch.length === limits.ingestBatchRows) await write();
    }
    if (batch.length > 0) await write();
    const committed = seconds();
    while (!(await service.write(defaultTenant, [], { waitSearchable: true })).searchable);
    while ((await service.readiness()).parts.milvus?.ok === false) await setTimeout(100);
    return { committed_seconds: committed, searchable_seconds: seconds() };
  } finally {
    await service.close();
  }
}

/** Searches over HTTP; every answer must be whole. Hands over the ids that the vectors alone found, one list a query. */
async function load(
  url: string,
  size: BenchContext['size'],
  seed: number,
  keep: (lists: string[][]) => void,
): Promise<Measurement[]> {
  const calls = size === 'full' ? 400 : 40;
  const about = oneIn(counts[size] / 100, clusteredDocuments(counts[size], seed));
  const client = new HttpLoad(url);
  try {
    const measured: Measurement[] = [];
    for (const { name, words } of searches) {
      const requests = about.map(({ title, embedding }) => ({
        method: 'POST' as const,
        path: '/v1/search',
        body: JSON.stringify({
          embedding: { b64: vectorToBase64(embedding!) },
          ...(words ? { query: title } : {}),
          timeout_ms: limits.timeoutMsMax,
          partial: false,
          cache: 'skip',
        }),
      }));
      const lists: string[][] = [];
      for (const connections of [1, 8]) {
        await client.run({ requests, connections, calls: Math.floor(calls / 4) });
        const one = await client.run({ requests, connections, calls }, (answer, index) => {
          const { results, degraded } = answer as { results: { id: string }[]; degraded: boolean };
          if (degraded || results.length === 0)
            throw new Error(`a search was not whole: ${JSON.stringify(answer)}`);
          lists[index] = results.map(({ id }) => id);
        });
        measured.push({ name: `${name}, ${connections} connections`, values: summary([one]) });
      }
      if (!words) keep(lists);
    }
    return measured;
  } finally {
    await client.close();
  }
}

function oneIn<T>(every: number, items: Iterable<T>): T[] {
  const kept: T[] = [];
  let index = 0;
  for (const item of items) if (index++ % every === 0) kept.push(item);
  return kept;
}

/** How many of the first ten of the exact lists the approximate index brought. */
function agreement(exact: readonly string[][], approximate: readonly string[][]): Measurement {
  let hits = 0;
  let wanted = 0;
  exact.forEach((list, i) => {
    const has = new Set(approximate[i]);
    wanted += list.length;
    hits += list.filter((id) => has.has(id)).length;
  });
  return { name: 'milvus beside the exact lists', values: { recall_at_10: round(hits / wanted) } };
}

/** Resident memory of the Milvus server, where it is a process of this machine; 0 otherwise. */
function milvusMib(): number {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    try {
      if (/milvus\0run\0/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))) return residentMib(Number(pid));
    } catch {
      // It ended while it was looked at.
    }
  return 0;
}
