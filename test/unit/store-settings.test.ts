import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { redact } from '../../src/config/redact.ts';
import type { TriptychError } from '../../src/errors.ts';

const canary = 'c4nary';
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'triptych-stores-'));
  writeFileSync(join(folder, 'secret'), `${canary}\n`);
  writeFileSync(join(folder, 'ca.pem'), 'PEM');
});
afterAll(() => rmSync(folder, { recursive: true }));

const load = (env: Record<string, string>) => loadConfig({ env, cwd: folder });
const problems = (env: Record<string, string>) => {
  try {
    load(env);
  } catch (error) {
    return Object.fromEntries((error as TriptychError).fields.map(({ path, message }) => [path, message]));
  }
  return {};
};

const all = {
  TRIPTYCH_POSTGRES_URL: `postgres://app:${canary}@db:5432/t`,
  TRIPTYCH_POSTGRES_WORKER_URL: `postgres://worker:${canary}@db:5432/t`,
  TRIPTYCH_POSTGRES_OWNER_URL: `postgres://owner:${canary}@db:5432/t`,
  TRIPTYCH_POSTGRES_CA_FILE: 'ca.pem',
  TRIPTYCH_MILVUS_ADDRESS: 'milvus:19530',
  TRIPTYCH_MILVUS_TOKEN_FILE: 'secret',
  TRIPTYCH_MILVUS_TLS: 'yes',
  TRIPTYCH_NEO4J_URI: 'neo4j+s://graph:7687',
  TRIPTYCH_NEO4J_PASSWORD_FILE: 'secret',
  TRIPTYCH_REDIS_URL: `rediss://cache:6379`,
  TRIPTYCH_REDIS_PASSWORD_FILE: 'secret',
};

describe('settings of stores', () => {
  it('are all embedded unless given', () => {
    expect(load({}).config.stores).toEqual({
      postgres: null,
      postgresOwner: null,
      milvus: null,
      neo4j: null,
      redis: null,
    });
  });

  it('read secrets and authorities from files', () => {
    const { stores } = load(all).config;
    expect(stores.postgres?.ca).toBe('PEM');
    expect(stores.milvus).toMatchObject({
      credentials: { kind: 'token', token: canary },
      tls: true,
      index: 'hnsw',
    });
    expect(stores.neo4j).toMatchObject({ user: 'neo4j', password: canary, database: null });
    expect(stores.redis).toMatchObject({ url: 'rediss://cache:6379', password: canary });
  });

  it('read the URLs of Postgres from files, as they are given themselves', () => {
    const at = (login: string) => `postgres://${login}:${canary}@db:5432/t`;
    const files = Object.fromEntries(
      ['app', 'worker', 'owner'].map((login) => {
        writeFileSync(join(folder, `${login}-url`), `${at(login)}\n`);
        return [login, `${login}-url`];
      }),
    );
    const env = {
      TRIPTYCH_POSTGRES_URL_FILE: files.app!,
      TRIPTYCH_POSTGRES_WORKER_URL_FILE: files.worker!,
      TRIPTYCH_POSTGRES_OWNER_URL_FILE: files.owner!,
      TRIPTYCH_POSTGRES_CA_FILE: 'ca.pem',
    };
    const { config, warnings } = load(env);
    expect(config.stores).toMatchObject({
      postgres: { url: at('app'), workerUrl: at('worker'), ca: 'PEM' },
      postgresOwner: { url: at('owner'), ca: 'PEM' },
    });
    // The demo goes into a server only where that is asked for, however its URL is given.
    expect([warnings, config.demo]).toEqual([[], false]);
    expect(JSON.stringify(redact(config))).not.toContain(canary);
    const owner = { TRIPTYCH_POSTGRES_OWNER_URL_FILE: files.owner!, TRIPTYCH_POSTGRES_CA_FILE: 'ca.pem' };
    expect(load(owner).config.stores.postgres).toBeNull();
    expect(load(owner).config.stores.postgresOwner).toEqual({ url: at('owner'), ca: 'PEM' });
    expect(load(owner).warnings).toEqual([]);
    const { TRIPTYCH_POSTGRES_URL_FILE: _, ...withoutUrl } = env;
    expect(load(withoutUrl).warnings).toEqual([
      'TRIPTYCH_POSTGRES_WORKER_URL_FILE has no effect without postgres_url',
    ]);
  });

  it('refuse a URL of Postgres that is given twice, or whose file holds none, and show nothing of it', () => {
    writeFileSync(join(folder, 'url'), `postgres://a:${canary}@db/t`);
    writeFileSync(join(folder, 'empty'), ' \n');
    const worker = { TRIPTYCH_POSTGRES_WORKER_URL: 'postgres://w@db/t' };
    const by = (file: string) => problems({ ...worker, TRIPTYCH_POSTGRES_URL_FILE: file });
    const path = 'TRIPTYCH_POSTGRES_URL_FILE';
    expect(by('secret')).toEqual({ [path]: 'what the file holds must be a postgres:// URL' });
    expect(by('empty')).toEqual({ [path]: 'the file is empty' });
    expect(by('none')).toEqual({ [path]: 'none cannot be read' });
    for (const role of ['', 'WORKER_', 'OWNER_']) {
      const [own, file] = [`TRIPTYCH_POSTGRES_${role}URL`, `TRIPTYCH_POSTGRES_${role}URL_FILE`];
      const both = { [own]: 'postgres://a@db/t', [file]: 'url' };
      const others = { TRIPTYCH_POSTGRES_URL: 'postgres://a@db/t', ...worker };
      expect(problems({ ...others, ...both })).toEqual({ [file]: `cannot be given with ${own}` });
    }
    expect(problems({ TRIPTYCH_POSTGRES_URL_FILE: 'url' })).toEqual({
      postgres_worker_url: expect.stringMatching(
        /^is needed with TRIPTYCH_POSTGRES_URL_FILE, or .*triptych_worker$/,
      ),
    });
  });

  it('take a password out of the URL of Redis', () => {
    const { redis } = load({ TRIPTYCH_REDIS_URL: 'redis://:p%40ss@cache:6379/2' }).config.stores;
    expect(redis).toEqual({ url: 'redis://cache:6379/2', password: 'p@ss', ca: null });
  });

  it('show no secret when they are printed', () => {
    const { config } = load(all);
    expect(JSON.stringify(config)).toContain(canary);
    expect(JSON.stringify(redact(config))).not.toContain(canary);
    const byPassword = load({
      TRIPTYCH_MILVUS_ADDRESS: 'm:1',
      TRIPTYCH_MILVUS_USER: 'root',
      TRIPTYCH_MILVUS_PASSWORD: canary,
    }).config;
    expect(JSON.stringify(redact(byPassword))).not.toContain(canary);
  });

  it('name what is missing, contradictory or not a URL', () => {
    expect(problems({ TRIPTYCH_POSTGRES_URL: 'postgres://a@b/c' })).toEqual({
      postgres_worker_url: expect.stringContaining('triptych_worker'),
    });
    expect(problems({ TRIPTYCH_NEO4J_URI: 'bolt://a' })).toEqual({
      neo4j_password: expect.stringContaining('neo4j_password_file'),
    });
    expect(problems({ TRIPTYCH_REDIS_URL: 'http://a', TRIPTYCH_NEO4J_URI: 'bolt+ssc://a' })).toEqual({
      TRIPTYCH_REDIS_URL: 'must be a redis:// or rediss:// URL',
      TRIPTYCH_NEO4J_URI: expect.stringContaining('bolt+s://'),
    });
    expect(problems({ TRIPTYCH_MILVUS_ADDRESS: 'm:1', TRIPTYCH_MILVUS_USER: 'root' })).toEqual({
      milvus_password: 'a user and a password are needed together',
    });
    expect(
      problems({
        TRIPTYCH_REDIS_URL: 'redis://:a@b',
        TRIPTYCH_REDIS_PASSWORD: 'c',
        TRIPTYCH_REDIS_CA_FILE: 'no',
      }),
    ).toEqual({
      TRIPTYCH_REDIS_PASSWORD: expect.stringContaining('TRIPTYCH_REDIS_URL'),
      TRIPTYCH_REDIS_CA_FILE: 'no cannot be read',
    });
  });

  it('say how Milvus builds and searches', () => {
    const indexOf = (env: Record<string, string>) =>
      load({ TRIPTYCH_MILVUS_ADDRESS: 'm:1', ...env }).config.stores.milvus?.index;
    const cagra = { TRIPTYCH_MILVUS_INDEX: 'gpu_cagra' };
    expect(indexOf({})).toBe('hnsw');
    expect(indexOf(cagra)).toBe('gpu_cagra');
    expect(indexOf({ ...cagra, TRIPTYCH_MILVUS_CAGRA_ADAPT_FOR_CPU: 'no' })).toBe('gpu_cagra');
    expect(indexOf({ ...cagra, TRIPTYCH_MILVUS_CAGRA_ADAPT_FOR_CPU: 'yes' })).toBe('gpu_cagra_cpu');
    expect(indexOf({ TRIPTYCH_MILVUS_CAGRA_ADAPT_FOR_CPU: 'no' })).toBe('hnsw');
    const adapts = { TRIPTYCH_MILVUS_CAGRA_ADAPT_FOR_CPU: 'yes' };
    expect(problems({ TRIPTYCH_MILVUS_ADDRESS: 'm:1', ...adapts })).toEqual({
      TRIPTYCH_MILVUS_CAGRA_ADAPT_FOR_CPU: 'has no effect unless milvus_index is gpu_cagra',
    });
    expect(
      problems({ TRIPTYCH_MILVUS_ADDRESS: 'm:1', TRIPTYCH_MILVUS_INDEX: 'hnsw', ...adapts }),
    ).toHaveProperty('TRIPTYCH_MILVUS_CAGRA_ADAPT_FOR_CPU', expect.stringContaining('TRIPTYCH_MILVUS_INDEX'));
    expect(load(adapts).warnings).toEqual([
      'TRIPTYCH_MILVUS_CAGRA_ADAPT_FOR_CPU has no effect without milvus_address',
    ]);
  });

  it('warn of settings that have no effect', () => {
    expect(load({ TRIPTYCH_MILVUS_USER: 'root', TRIPTYCH_REDIS_PASSWORD: 'x' }).warnings).toEqual([
      'TRIPTYCH_MILVUS_USER has no effect without milvus_address',
      'TRIPTYCH_REDIS_PASSWORD has no effect without redis_url',
    ]);
  });

  it('keeps a part of the vectors only where another store searches them', () => {
    expect(load(all).config.residentRowsMax).toBeNull();
    expect(load({ ...all, TRIPTYCH_RESIDENT_ROWS_MAX: '1000' }).config.residentRowsMax).toBe(1_000);
    expect(problems({ TRIPTYCH_RESIDENT_ROWS_MAX: '1000' })).toEqual({
      TRIPTYCH_RESIDENT_ROWS_MAX:
        'needs milvus_address: a search for vectors in this process reads all of them',
    });
    expect(problems({ ...all, TRIPTYCH_RESIDENT_ROWS_MAX: '0' })).toMatchObject({
      TRIPTYCH_RESIDENT_ROWS_MAX: 'must be a whole number from 1 to 1000000',
    });
  });
});
