import { describe, expect, it } from 'vitest';
import { clientSettings, type MilvusServer } from '../../src/adapters/milvus/client-settings.ts';
import { buildParameters, searchParameters, topMax } from '../../src/adapters/milvus/index-parameters.ts';
import { failureOf, hasStatus, MilvusFailure, successful } from '../../src/adapters/milvus/milvus-answer.ts';
import { mergedHits } from '../../src/adapters/milvus/search-call.ts';
import { isAtLeast, parseVersion, versionWarning } from '../../src/adapters/milvus/server-version.ts';
import { VersionPages, type VersionRow } from '../../src/adapters/milvus/version-pages.ts';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { compareUtf8 } from '../../src/std/utf8-order.ts';
import { Random } from '../support/random.ts';

const server: MilvusServer = {
  address: 'milvus:19530',
  database: null,
  credentials: { kind: 'none' },
  tls: false,
  ca: null,
};

describe('settings of the client', () => {
  it('leave nothing to defaults that hang, retry or report', () => {
    expect(clientSettings(server)).toMatchObject({
      address: 'milvus:19530',
      ssl: false,
      __SKIP_CONNECT__: true,
      maxRetries: 0,
      telemetry: { enabled: false },
      trace: false,
      logLevel: 'warn',
      timeout: limits.milvusAskMs,
      pool: { max: 16, acquireTimeoutMillis: 50, maxWaitingClients: 64 },
    });
    expect(clientSettings(server)).not.toHaveProperty('tls');
    expect(clientSettings(server)).not.toHaveProperty('token');
    expect(clientSettings(server)).not.toHaveProperty('username');
  });

  it('carry credentials and the authority where they are given', () => {
    const password = clientSettings({
      ...server,
      database: 'films',
      credentials: { kind: 'password', user: 'u', password: 'p' },
    });
    expect(password).toMatchObject({ username: 'u', password: 'p', database: 'films' });
    const token = clientSettings({
      ...server,
      tls: true,
      ca: 'PEM',
      credentials: { kind: 'token', token: 't' },
    });
    expect(token).toMatchObject({ token: 't', ssl: true, tls: { rootCert: Buffer.from('PEM') } });
    expect(clientSettings({ ...server, tls: true })).toMatchObject({ ssl: true });
    expect(clientSettings({ ...server, tls: true })).not.toHaveProperty('tls');
    // Without TLS an authority would turn it on.
    expect(clientSettings({ ...server, ca: 'PEM' })).not.toHaveProperty('tls');
  });
});

describe('parameters of indexes', () => {
  it('are those that were decided', () => {
    expect(buildParameters('hnsw')).toEqual({
      type: 'HNSW',
      metric: 'COSINE',
      params: { M: 16, efConstruction: 200 },
    });
    const cagra = {
      intermediate_graph_degree: 128,
      graph_degree: 64,
      build_algo: 'IVF_PQ',
      cache_dataset_on_device: 'true',
    };
    expect(buildParameters('gpu_cagra')).toEqual({ type: 'GPU_CAGRA', metric: 'IP', params: cagra });
    expect(buildParameters('gpu_cagra_cpu')).toEqual({
      type: 'GPU_CAGRA',
      metric: 'IP',
      params: { ...cagra, cache_dataset_on_device: 'false', adapt_for_cpu: 'true' },
    });
  });

  it('look at no fewer neighbours than are wanted, and at 64', () => {
    for (const top of [1, 63, 64, 65, 324, 1_000, limits.milvusTopMax])
      expect(searchParameters('hnsw', top)).toEqual({ ef: Math.max(64, top) });
    for (const top of [1, 64, 65, 324, limits.milvusCagraTopMax]) {
      const { itopk_size: itopk = 0, search_width: width = 0 } = searchParameters('gpu_cagra', top);
      expect(itopk % 32).toBe(0);
      // What Milvus can return with that.
      expect(top).toBeLessThanOrEqual(Math.max(Math.floor((itopk + 31) / 32), width) * 32);
    }
    expect(searchParameters('gpu_cagra_cpu', 300)).toEqual({ ef: 300 });
    expect(searchParameters('flat', 300)).toEqual({});
    expect([topMax('hnsw'), topMax('gpu_cagra'), topMax('gpu_cagra_cpu')]).toEqual([16_384, 1_024, 16_384]);
  });
});

describe('versions of the server', () => {
  it('are read and compared', () => {
    expect(parseVersion('v2.3.5-lite')).toMatchObject({ major: 2, minor: 3, patch: 5 });
    expect(parseVersion('2.6')).toMatchObject({ major: 2, minor: 6, patch: 0 });
    expect(parseVersion('milvus_lite-3.2.2')).toBeNull();
    const version = parseVersion('2.5.10')!;
    expect([isAtLeast(version, 2, 5, 9), isAtLeast(version, 2, 5, 11), isAtLeast(version, 3, 0, 0)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('are warned of where anybody gets in', () => {
    const warned = (text: string) => versionWarning(parseVersion(text)!) !== null;
    for (const text of ['v2.3.5-lite', '2.4.24', '2.5.26', '2.6.0', '2.6.9']) expect(warned(text)).toBe(true);
    for (const text of ['2.5.27', '2.6.10', '2.7.0', '3.0.1']) expect(warned(text)).toBe(false);
  });
});

describe('answers', () => {
  const good = { error_code: 'Success', code: 0, reason: '' };

  it('pass only where they say that they succeeded', () => {
    const answer = { status: good, data: [1] };
    expect(successful(answer)).toBe(answer);
    expect(successful(good)).toBe(good);
    for (const bad of [
      {},
      null,
      undefined,
      { status: {} },
      { status: { error_code: 'UnexpectedError', code: 101, reason: 'not loaded' }, results: [] },
      { status: { ...good, code: 8 } },
      { error_code: 'RateLimit', reason: 'too fast' },
    ])
      expect(() => successful(bad)).toThrow(MilvusFailure);
  });

  it('tell what failed by number, whichever way it came', () => {
    const thrown = { error_code: 'CollectionNotExists', reason: 'gone' };
    expect(hasStatus(failureOf(thrown), 100)).toBe(true);
    const wrapped = new TriptychError('unavailable', 'x', { cause: failureOf({ ...good, code: 1_602 }) });
    expect(hasStatus(wrapped, 1_602)).toBe(true);
    expect(hasStatus(wrapped, 100)).toBe(false);
    const late = failureOf(Object.assign(new Error('late'), { code: 4 })) as MilvusFailure;
    expect([late.code, late.silent, late.status]).toEqual([4, true, null]);
    const unknown = failureOf(Object.assign(new Error('unimplemented'), { code: 12 })) as MilvusFailure;
    expect(unknown.silent).toBe(false);
    const full = failureOf(new Error('max waitingClients count exceeded'));
    expect(full).toMatchObject({ code: 'overloaded' });
    const own = new TriptychError('invalid_document', 'x');
    expect(failureOf(own)).toBe(own);
    expect(failureOf('text')).toBeInstanceOf(MilvusFailure);
  });
});

describe('hits of several collections', () => {
  it('are merged in the total order, each document once', () => {
    const hit = (id: string, score: number) => ({ id, score });
    const lists = [
      [hit('b', 0.9), hit('\u{1F600}', 0.5), hit('z', 0.1)],
      [hit('a', 0.9), hit('\uFF5E', 0.5), hit('b', 0.2)],
    ];
    expect(mergedHits(lists).map(({ id }) => id)).toEqual(['a', 'b', '\uFF5E', '\u{1F600}', 'z']);
    expect(mergedHits([[]])).toEqual([]);
  });
});

describe('versions by id from a store that orders by key', () => {
  const random = new Random('version pages');
  const rows: VersionRow[] = Array.from({ length: 700 }, (_, i) => ({
    id: `${random.integer(1_000_000)} ${i}`,
    version: i,
    pk: `${random.next()}${i}`,
  }));
  let reads = 0;
  const read = async (range: { above: string | null; upTo: string | null }, after: string, limit: number) => {
    reads++;
    return rows
      .filter(({ id, pk }) => {
        const above = range.above === null || compareUtf8(id, range.above) > 0;
        return above && (range.upTo === null || compareUtf8(id, range.upTo) <= 0) && pk > after;
      })
      .sort((a, b) => (a.pk < b.pk ? -1 : 1))
      .slice(0, limit);
  };

  it('are the same whatever the pages, and large ranges are read once', async () => {
    const sorted = rows.map(({ id, version }) => ({ id, version })).sort((a, b) => compareUtf8(a.id, b.id));
    const pages = new VersionPages({ pageRows: 40, listsMax: 2 });
    for (const limit of [50, 700, 7]) {
      const all = [];
      for (let after: string | null = null; ; after = all.at(-1)!.id) {
        const page = await pages.list('l', after, limit, read);
        if (page.length === 0) break;
        all.push(...page);
      }
      expect(all).toEqual(sorted);
    }
    reads = 0;
    await pages.list('l', sorted[300]!.id, 7, read);
    expect(reads).toBeLessThanOrEqual(3);
    expect(await pages.list('l', null, 0, read)).toEqual([]);
  });
});
