import { afterAll, expect, it } from 'vitest';
import { keepsPartitionedRows } from '../../src/adapters/milvus/partition-key-probe.ts';
import type { DocumentChange } from '../../src/domain/document.ts';
import { TriptychError } from '../../src/errors.ts';
import type { StoreCaller } from '../../src/ports/store-caller.ts';
import { testSchema } from '../support/arbitraries.ts';
import { describeWithEngines } from '../support/engines.ts';
import { openMilvusFixture, serverOf } from '../support/milvus-fixture.ts';
import { passThroughCaller } from '../support/pass-through-caller.ts';
import { Random } from '../support/random.ts';
import { documentOf, TestCatalogue } from '../support/recall-subject.ts';

describeWithEngines(['milvus'], 'What Milvus is and how it is used', ({ milvus }) => {
  const server = serverOf(milvus);
  const random = new Random('milvus server');
  const schema = testSchema;
  const put = (id: string, version = 1): DocumentChange => ({
    kind: 'put',
    document: documentOf(id, { version, embedding: random.unitVector(schema.embedding.dimension) }),
  });

  const fixture = openMilvusFixture(server);
  afterAll(() => fixture.close());

  it('is asked what it is, warned of where it is open to others, and tried before tenants divide it', async () => {
    await fixture.shared.ping();
    await fixture.shared.prepare('t', { schema, generation: 1 });
    await fixture.shared.prepare('u', { schema, generation: 1 });
    const said = fixture.lines.map(({ level, message }) => `${level} ${message}`);
    expect(said.filter((line) => line === 'info Milvus answers').length).toBe(1);
    const [warning, ...others] = said.filter((line) => line.startsWith('warn '));
    expect(warning).toMatch(/Milvus v2\.3\.5\S* lets anybody in .*CVE-2025-64513.*CVE-2026-26190/);
    expect(others).toEqual([]);
    expect(said.filter((line) => line.includes('not divided by tenant')).length).toBe(1);
    const { fields } = await fixture.ask(async (client) => {
      const name = fixture.names.use('t', 1);
      return (await client.describeCollection({ collection_name: name })).schema;
    });
    expect(fields.find(({ name }) => name === 'tenant')!.is_partition_key).toBe(false);
  });

  it('loses rows where tenants divide a collection, and nothing of the trial stays', async () => {
    const name = fixture.names.trial();
    expect(await fixture.ask((client) => keepsPartitionedRows(client, name, 60_000))).toBe(false);
    const { value } = await fixture.ask((client) => client.hasCollection({ collection_name: name }));
    expect(value).toBe(false);
  });

  it('shows readers of the live name the next generation at once, with its own documents', async () => {
    const tenant = 'live reader';
    const key = (generation: number) => ({ tenant, generation });
    const read = async () => {
      const vector = [...random.unitVector(schema.embedding.dimension)];
      const { results } = await fixture.ask((client) =>
        client.search({
          collection_name: fixture.names.live(tenant),
          data: [vector],
          anns_field: 'embedding',
          filter: `tenant == "${tenant}"`,
          limit: 100,
          output_fields: ['id'],
          consistency_level: 'Strong' as never,
        }),
      );
      return (results as { id: string }[]).map(({ id }) => id).sort();
    };
    for (const generation of [1, 2]) {
      await fixture.shared.prepare(tenant, { schema, generation });
      await fixture.shared.apply(key(generation), [put(`a${generation}`), put(`b${generation}`)]);
    }
    await fixture.shared.activate(key(1));
    expect(await read()).toEqual(['a1', 'b1']);
    await fixture.shared.activate(key(2));
    expect(await read()).toEqual(['a2', 'b2']);
    await fixture.shared.drop(key(1));
    expect(await read()).toEqual(['a2', 'b2']);
  });

  it('is searched on a collection that is not there yet: an error, no empty list', async () => {
    const films = new TestCatalogue(
      { port: fixture.vectors, write: async () => {}, close: async () => {} },
      { ...schema, facets: ['another'], relations: [] },
    );
    const vectors = [random.unitVector(schema.embedding.dimension)];
    await expect(fixture.vectors.search({ ...films.request(), vectors })).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  it('is asked what it has after a write whose outcome is not known', async () => {
    let lose: 'answer' | 'request' | null = null;
    const plain = passThroughCaller('milvus');
    const workCaller: StoreCaller = {
      ...plain,
      call: async (call, attempt) => {
        if (call.operation !== 'write' || lose === null) return plain.call(call, attempt);
        if (lose === 'answer') await plain.call(call, attempt);
        throw new TriptychError('deadline_exceeded', 'nobody knows');
      },
    };
    const lossy = openMilvusFixture(server, {}, { workCaller });
    try {
      const key = { tenant: 't', generation: 1 };
      await lossy.shared.prepare('t', { schema, generation: 1 });
      await lossy.shared.apply(key, [put('gone'), put('old')]);
      const changes: DocumentChange[] = [
        put('a', 2),
        { kind: 'delete', id: 'gone', version: 3 },
        put('old', 2),
      ];
      lose = 'request';
      await expect(lossy.shared.apply(key, changes)).rejects.toMatchObject({ code: 'unavailable' });
      lose = 'answer';
      await lossy.shared.apply(key, changes);
      expect(await lossy.shared.versions(key, null, 10)).toEqual([
        { id: 'a', version: 2 },
        { id: 'old', version: 2 },
      ]);
    } finally {
      await lossy.close();
    }
  });

  it('lists more rows than one read brings', async () => {
    const key = { tenant: 'many', generation: 1 };
    await fixture.shared.prepare('many', { schema, generation: 1 });
    const ids = Array.from({ length: 400 }, (_, i) => `${random.integer(1_000_000)} ${i}`);
    for (let at = 0; at < ids.length; at += 100)
      await fixture.shared.apply(
        key,
        ids.slice(at, at + 100).map((id) => put(id)),
      );
    const sorted = [...ids].sort();
    const other = fixture.another({ pageRows: 30 });
    try {
      for (const limit of [400, 70]) {
        const all: string[] = [];
        for (let after: string | null = null; ; after = all.at(-1)!) {
          const page = await other.shared.versions(key, after, limit);
          if (page.length === 0) break;
          all.push(...page.map(({ id }) => id));
        }
        expect(all).toEqual(sorted);
      }
    } finally {
      await other.close();
    }
  });
});
