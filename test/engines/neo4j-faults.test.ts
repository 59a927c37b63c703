import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Neo4jOptions } from '../../src/adapters/neo4j/neo4j-options.ts';
import type { DocumentChange } from '../../src/domain/document.ts';
import { limits } from '../../src/limits.ts';
import type { IndexRequest } from '../../src/ports/recall.ts';
import { testSchema } from '../support/arbitraries.ts';
import { describeWithEngines, otherCaFile } from '../support/engines.ts';
import { boltRuns, openCountingProxy } from '../support/faults/counting-proxy.ts';
import { type FaultProxy, openFaultProxy } from '../support/faults/toxiproxy.ts';
import { freshKey, neo4jOptions, openTestNeo4j } from '../support/neo4j-subject.ts';
import { documentOf } from '../support/recall-subject.ts';

const key = freshKey();
const changes = ['1', '2', '3'].map(
  (id): DocumentChange => ({
    kind: 'put',
    document: documentOf(id, { facets: { directors: ['Kubrick'] } }),
  }),
);

type Opened = ReturnType<typeof openTestNeo4j>;

async function recall({ graph }: Opened, timeoutMs = 5_000): Promise<string[]> {
  const snapshot = { epoch: { generation: key.generation, checksum: 0n } } as IndexRequest['snapshot'];
  const { signal } = new AbortController();
  const request = { tenant: key.tenant, snapshot, timeoutMs, signal, predicate: null, limit: 10 };
  const { support } = await graph.recall({ ...request, seeds: [{ id: '1', weight: 1 }] });
  return support.map(({ id }) => id);
}

/** Until the store is not left alone any more. */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (let i = 0; ; i++) {
    try {
      return await attempt();
    } catch (error) {
      if (i >= 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

describeWithEngines(['neo4j', 'toxiproxy'], 'Neo4j that fails', ({ neo4j, toxiproxy }) => {
  const direct = openTestNeo4j(neo4jOptions(neo4j));
  const port = Number(new URL(neo4j.uri).port);
  const opened: Opened[] = [];
  let proxy: FaultProxy;
  const through = (to: number): Opened => {
    const one = openTestNeo4j({ ...neo4jOptions(neo4j), uri: `bolt://127.0.0.1:${to}` });
    opened.push(one);
    return one;
  };
  beforeAll(async () => {
    await direct.shared.prepare(key.tenant, { schema: testSchema, generation: key.generation });
    await direct.shared.apply(key, changes);
    proxy = await openFaultProxy(toxiproxy.url, `neo4j-${key.tenant}`, port);
  });
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close();
  });
  afterAll(async () => {
    await proxy.delete();
    await direct.shared.drop(key);
    await direct.close();
  });

  it('is asked one question per recall, and one for the relations of many', async () => {
    const counting = await openCountingProxy(port, boltRuns);
    try {
      const one = through(counting.port);
      await recall(one);
      const before = counting.count();
      await recall(one);
      expect(counting.count() - before).toBe(1);
      const snapshot = { epoch: { generation: 1, checksum: 0n } } as IndexRequest['snapshot'];
      const { signal } = new AbortController();
      const ids = Array.from({ length: 300 }, (_, i) => `${i}`);
      const request = { tenant: key.tenant, snapshot, timeoutMs: 5_000, signal, ids, limit: 10 };
      const lists = await one.graph.relationships(request);
      expect(lists[1]!.map(({ id }) => id)).toEqual(['2', '3']);
      expect(counting.count() - before).toBe(2);
    } finally {
      for (const one of opened.splice(0)) await one.close();
      await counting.close();
    }
  });

  it('may be down when the service starts, and is used when it is there', async () => {
    await proxy.setEnabled(false);
    const one = through(proxy.port);
    await expect(recall(one)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(one.shared.ping()).rejects.toMatchObject({ code: 'unavailable' });
    await expect(one.shared.apply(key, changes)).rejects.toMatchObject({ code: 'unavailable' });
    await proxy.setEnabled(true);
    expect(await eventually(() => recall(one))).toEqual(['2', '3']);
    await eventually(() => one.shared.ping());
    await one.shared.apply(key, changes);
  });

  it('costs a call its time when it hangs, and gives its connections back afterwards', async () => {
    const one = through(proxy.port);
    expect(await recall(one)).toEqual(['2', '3']);
    const toxic = await proxy.add({ type: 'timeout', attributes: { timeout: 0 } }, 'downstream');
    const calls = Array.from({ length: limits.neo4jConnectionsMax }, () => recall(one, 300));
    const results = await Promise.allSettled(calls);
    const codes = new Set(
      results.map((result) => (result.status === 'rejected' ? result.reason.code : 'ok')),
    );
    expect(codes).toEqual(new Set(['deadline_exceeded']));
    expect(one.caller.state).toBe('open');
    await proxy.remove(toxic);
    expect(await eventually(() => recall(one))).toEqual(['2', '3']);
    const after = await Promise.all(Array.from({ length: 8 }, () => eventually(() => recall(one))));
    for (const ids of after) expect(ids).toEqual(['2', '3']);
  });

  it('is asked again at once when a connection broke', async () => {
    const one = through(proxy.port);
    for (let i = 0; i < 3; i++) expect(await recall(one)).toEqual(['2', '3']);
    // Closes what is connected; the driver still has it in its pool.
    await proxy.setEnabled(false);
    await proxy.setEnabled(true);
    expect(await recall(one)).toEqual(['2', '3']);
    expect(one.meter.outcomes.every((outcome) => outcome === 'ok')).toBe(true);
  });

  it('refuses a wrong password without telling it', async () => {
    const options = { ...neo4jOptions(neo4j), password: 'canary-password' };
    const one = openTestNeo4j(options);
    opened.push(one);
    const failure = await recall(one).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'unavailable' });
    expect(String(failure)).not.toContain('canary');
    expect(JSON.stringify(failure)).not.toContain('canary');
  });
});

for (const name of ['neo4j', 'neo4j-2026'] as const)
  describeWithEngines([name], `${name} over TLS`, ({ [name]: engine }) => {
    const open = async (change: Partial<Neo4jOptions>): Promise<void> => {
      const ca = readFileSync(engine.caFile, 'utf8');
      const one = openTestNeo4j({ ...neo4jOptions(engine), uri: engine.tlsUri, ca, ...change });
      try {
        await one.shared.ping();
      } finally {
        await one.close();
      }
    };

    it('is verified by its authority, with routing and without', async () => {
      // A ping has a second, which the first connection of a busy machine may take.
      await vi.waitFor(() => open({}), { timeout: 30_000 });
      await vi.waitFor(() => open({ uri: engine.tlsUri.replace('neo4j+s:', 'bolt+s:') }), {
        timeout: 30_000,
      });
    });

    describe('is refused', () => {
      it('under another authority', async () => {
        const ca = readFileSync(otherCaFile(engine.caFile), 'utf8');
        await expect(open({ ca })).rejects.toMatchObject({ code: 'unavailable' });
        await expect(open({ ca: null })).rejects.toMatchObject({ code: 'unavailable' });
      });

      it('under a name that its certificate lacks', async () => {
        const uri = engine.tlsUri.replace('localhost', '127.0.0.1');
        await expect(open({ uri })).rejects.toMatchObject({ code: 'unavailable' });
      });
    });
  });
