import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type ComposedTriptych, createTriptych, migrateDatabase } from '../../src/compose.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';

/** Settings of the real stores, from the environment that `npm run bench:engines` prepares. */
const needed = [
  ...['TRIPTYCH_POSTGRES_URL', 'TRIPTYCH_POSTGRES_WORKER_URL', 'TRIPTYCH_POSTGRES_OWNER_URL'],
  ...[
    'TRIPTYCH_MILVUS_ADDRESS',
    'TRIPTYCH_NEO4J_URI',
    'TRIPTYCH_REDIS_URL',
    'TRIPTYCH_TEST_POSTGRES_ADMIN_URL',
  ],
];

/** Which of the settings that the case needs are missing. */
export function missingSettings(env: NodeJS.ProcessEnv): readonly string[] {
  return needed.filter((name) => !env[name]);
}

export interface EnginesService {
  readonly open: ComposedTriptych;
  readonly config: Config;
}

/** The service over all four real stores, in a database of its own; without embedder: queries bring their vectors. */
export async function withEngines<T>(use: (service: EnginesService) => Promise<T>): Promise<T> {
  const database = `triptych_bench_${randomBytes(4).toString('hex')}`;
  const adminUrl = process.env.TRIPTYCH_TEST_POSTGRES_ADMIN_URL!;
  await administrate(adminUrl, `CREATE DATABASE ${database} OWNER triptych_owner`);
  const dataDir = mkdtempSync(join(tmpdir(), 'triptych-bench-'));
  const at = (name: string): string => {
    const url = new URL(process.env[name]!);
    url.pathname = `/${database}`;
    return url.href;
  };
  const { config } = loadConfig({
    env: process.env,
    flags: {
      dataDir,
      port: 0,
      embedder: 'none',
      demo: false,
      logLevel: 'error',
      postgresUrl: at('TRIPTYCH_POSTGRES_URL'),
      postgresWorkerUrl: at('TRIPTYCH_POSTGRES_WORKER_URL'),
      postgresOwnerUrl: at('TRIPTYCH_POSTGRES_OWNER_URL'),
    },
    cwd: process.cwd(),
  });
  try {
    await migrateDatabase(config, { dryRun: false });
    const open = await createTriptych(config);
    try {
      return await use({ open, config });
    } finally {
      await open.service.close();
    }
  } finally {
    await administrate(adminUrl, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function administrate(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
