import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SqlClient, SqlScope } from '../../src/adapters/sql/sql-client.ts';
import { SqlTextIndex } from '../../src/adapters/sql/sql-text-index.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import type { DocumentChange, StoredDocument } from '../../src/domain/document.ts';
import { everything, matches, nothing, type Predicate } from '../../src/domain/predicate.ts';
import { LexicalIndex } from '../../src/domain/text/lexical-index.ts';
import { limits } from '../../src/limits.ts';
import { compareUtf8 } from '../../src/std/utf8-order.ts';
import {
  documentArbitrary,
  documentsArbitrary,
  predicateArbitrary,
  testSchema,
} from '../support/arbitraries.ts';
import { referenceScores } from '../support/bm25f-reference.ts';
import { filmDocuments, filmsAvailable, filmsSchema } from '../support/films.ts';
import { liveDocuments } from '../support/live-documents.ts';
import { documentOf, type RecallSubject, TestCatalogue } from '../support/recall-subject.ts';
import { sharedIndexContract } from './shared-index.contract.ts';
import { textIndexContract } from './text-index.contract.ts';

/** Filters, and what hard rules ask beside them. */
const ruleArbitrary: fc.Arbitrary<Predicate> = fc.oneof(
  { weight: 6, arbitrary: predicateArbitrary },
  fc.constantFrom(...testSchema.facets).map((facet): Predicate => ({ kind: 'hasFacet', facet })),
  fc
    .constantFrom(...Object.keys(testSchema.fields))
    .map((field): Predicate => ({ kind: 'not', of: { kind: 'hasField', field } })),
  fc.constantFrom<Predicate>(
    everything,
    nothing,
    { kind: 'facet', facet: 'tags', match: 'all', values: [] },
    { kind: 'facet', facet: 'tags', match: 'any', values: [] },
    { kind: 'range', field: 'mpaa', gte: 0 },
    { kind: 'range', field: 'year', lt: Number.POSITIVE_INFINITY },
    { kind: 'in', field: 'released', values: ['no date'] },
    { kind: 'in', field: 'votes', values: ['1', true] },
  ),
);

/** A migrated database. */
export interface SqlTextSubject {
  readonly client: SqlClient;
  close(): Promise<void>;
}

const words = [
  'robot',
  'robots',
  'space',
  'spaces',
  'war',
  'love',
  'lovely',
  'lonely',
  'cat',
  'amélie',
  '1984',
];
const sentence = fc.array(fc.constantFrom(...words), { maxLength: 8 }).map((chosen) => chosen.join(' '));
const query = fc.oneof(
  sentence,
  fc
    .array(fc.constantFrom('robbot', 'spase', 'lonley', 'lov', 'rob', 'zzzzzz', 'comdy', 'ca'), {
      minLength: 1,
      maxLength: 3,
    })
    .map((chosen) => chosen.join(' ')),
);
const textDocument = fc
  .tuple(documentArbitrary, sentence, sentence)
  .map(([document, title, text]): StoredDocument => ({ ...document, title, text, version: 1 }));
const change: fc.Arbitrary<DocumentChange> = fc.oneof(
  { weight: 4, arbitrary: textDocument.map((document) => ({ kind: 'put' as const, document })) },
  { weight: 1, arbitrary: textDocument.map(({ id }) => ({ kind: 'delete' as const, id, version: 9 })) },
);

function subjectOver(client: SqlClient, wholePostingsMax?: number): RecallSubject<SqlTextIndex> {
  const port = new SqlTextIndex(client, systemClock, wholePostingsMax);
  const tenants = new Set<string>();
  return {
    port,
    write: async (tenant, schema, changes) => {
      if (!tenants.has(tenant)) await port.prepare(tenant, { schema, generation: 1 });
      tenants.add(tenant);
      for (let at = 0; at < changes.length; at += limits.sharedIndexBatchMax)
        await port.apply({ tenant, generation: 1 }, changes.slice(at, at + limits.sharedIndexBatchMax));
    },
    close: async () => {},
  };
}

/** How much is tried of what is random, and whether the films are indexed, which takes long in a slow engine. */
export interface TextIndexRuns {
  readonly histories: number;
  readonly predicates: number;
  readonly films: boolean;
}

/** The word index in SQL: both contracts, and the same numbers and filters as the definitions have. */
export function sqlTextIndexTests(
  name: string,
  open: () => Promise<SqlTextSubject>,
  runs: TextIndexRuns,
): void {
  describe(`the word index in ${name}`, () => {
    let opened: SqlTextSubject;
    let subject: RecallSubject<SqlTextIndex>;
    let ranked: RecallSubject<SqlTextIndex>;
    beforeAll(async () => {
      opened = await open();
      subject = subjectOver(opened.client);
      ranked = subjectOver(opened.client, 0);
    }, 120_000);
    afterAll(() => opened.close());

    textIndexContract(name, () => subject);
    textIndexContract(`${name}, ranked by the server`, () => ranked);
    sharedIndexContract(name, async () => ({
      index: subject.port,
      another: async () => new SqlTextIndex(opened.client, systemClock),
      liveGeneration: async (tenant) => {
        const text = 'SELECT generation FROM word_catalogue WHERE tenant = $1 AND live';
        const [rows] = await opened.client.run([{ text, parameters: [tenant] }], { tenant });
        return rows![0] === undefined ? null : Number(rows![0][0]);
      },
      refusesOlder: true,
      keepsVectors: false,
      close: async () => {},
    }));

    it('counts a generation as lost whose drop was cut off, and begins it with nothing', async () => {
      const [one, two] = [documentOf('one', { title: 'Red ball' }), documentOf('two', { title: 'Red car' })];
      const key = { tenant: 'cut-off', generation: 1 };
      const changes = [one, two].map((document): DocumentChange => ({ kind: 'put', document }));
      await subject.port.prepare(key.tenant, { generation: 1, schema: testSchema });
      await subject.port.apply(key, changes);
      let runs = 0;
      const cut: Pick<SqlClient, 'run'> = {
        run: async (...given) => {
          if (runs++ > 0) throw new Error('gone');
          return opened.client.run(...given);
        },
      };
      await expect(new SqlTextIndex(cut as SqlClient, systemClock).drop(key)).rejects.toThrow('gone');
      expect(await subject.port.prepare(key.tenant, { generation: 1, schema: testSchema })).toBe(true);
      expect(await subject.port.versions(key, null, 10)).toEqual([]);
      await subject.port.apply(key, changes.slice(1));
      const counted = 'SELECT documents FROM word_catalogue WHERE tenant = $1';
      const [rows] = await opened.client.run([{ text: counted, parameters: [key.tenant] }], 'all');
      expect(Number(rows![0]![0])).toBe(1);
      await subject.port.drop(key);
    });

    it('scores every document as the formula does on the live documents, after any history', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.uniqueArray(change, { selector: idOf, maxLength: 10 }), { maxLength: 5 }),
          query,
          async (batches, text) => {
            const films = new TestCatalogue(subject, testSchema);
            await films.write([]);
            const versions = new Map<string, number>();
            const numbered = batches.map((batch) => batch.map((one) => nextVersion(one, versions)));
            for (const batch of numbered) await films.write(batch);
            const documents = liveDocuments(numbered.flat());
            const wanted = referenceScores(testSchema, documents, text);
            const { hits, score } = await films.port.search({ ...films.request(1_000), text });
            expect(new Set(hits.map(({ id }) => id))).toEqual(new Set(wanted.keys()));
            for (const hit of hits) expect(hit.score).toBeCloseTo(wanted.get(hit.id)!, 9);
            const scores = await score(documents.map(({ id }) => id));
            for (const [i, { id }] of documents.entries())
              expect(scores[i]).toBeCloseTo(wanted.get(id) ?? 0, 9);
            const other = await ranked.port.search({ ...films.request(1_000), text });
            expect(other.hits).toEqual(hits);
            expect(await other.score(documents.map(({ id }) => id))).toEqual(scores);
          },
        ),
        { numRuns: runs.histories },
      );
    }, 120_000);

    it('pushes a predicate down that passes exactly the documents that the plain evaluator passes', async () => {
      const predicates = fc.array(ruleArbitrary, { minLength: 100, maxLength: 100 });
      await fc.assert(
        fc.asyncProperty(documentsArbitrary, predicates, async (given, list) => {
          const documents = given.map((document) => ({ ...document, title: 'robot' }));
          const films = new TestCatalogue(subject, testSchema);
          await films.write([]);
          await films.put(...documents);
          for (const predicate of list) {
            // The mask is not what this index reads.
            const compiled = { predicate, mask: new Uint8Array(0), passing: 0 };
            const request = { ...films.request(100), predicate: compiled };
            const { hits } = await films.port.search({ ...request, text: 'robot' });
            const passing = documents.filter((document) => matches(testSchema, document, predicate));
            const ids = hits.map(({ id }) => id).sort(compareUtf8);
            expect(ids).toEqual(passing.map(({ id }) => id).sort(compareUtf8));
          }
        }),
        { numRuns: runs.predicates / 100, endOnFailure: true },
      );
    }, 240_000);

    it('gives every transaction of an answer what is left of its time, in the scope of its tenant', async () => {
      const scopes: SqlScope[] = [];
      const run: SqlClient['run'] = (statements, scope) => {
        scopes.push(scope);
        return opened.client.run(statements, scope);
      };
      const films = new TestCatalogue(subject, testSchema);
      await films.put({ ...documentOf('1', { title: 'Robot' }), version: 1 });
      const index = new SqlTextIndex({ run, close: async () => {} }, systemClock, 0);
      const answer = await index.search({ ...films.request(), timeoutMs: 60_000, text: 'robot spase' });
      await answer.score(['1'], undefined, 20_000);
      expect(scopes.length).toBe(3);
      await answer.score(['2'], undefined, 20_000);
      const left = scopes.map((scope) => {
        if (typeof scope === 'string') throw new Error(`the scope ${scope}`);
        expect(scope.tenant).toBe(films.tenant);
        return scope.timeoutMs!;
      });
      expect(left.every((ms) => ms > 0 && ms <= 60_000)).toBe(true);
      expect(left).toEqual([...left].sort((a, b) => b - a));
      expect(left.at(-1)).toBeLessThanOrEqual(20_000);
    });

    it('knows every score at once where the words of the query are rare', async () => {
      const texts: string[] = [];
      const run: SqlClient['run'] = (statements, scope) => {
        texts.push(...statements.map(({ text }) => text));
        return opened.client.run(statements, scope);
      };
      const films = new TestCatalogue(subject, testSchema);
      await films.put(
        ...['1', '2', '3'].map((id) => ({ ...documentOf(id, { title: 'Robot' }), version: 1 })),
        { ...documentOf('4', { title: 'Comedy' }), version: 1 },
      );
      const asked = async (wholePostingsMax: number) => {
        const index = new SqlTextIndex({ run, close: async () => {} }, systemClock, wholePostingsMax);
        const answer = await index.search({ ...films.request(2), text: 'robot' });
        const before = texts.length;
        const scores = await answer.score(['1', '2', '3', '4', 'nobody']);
        return { hits: answer.hits.length, scores: [...scores], more: texts.length - before };
      };
      const whole = await asked(3);
      expect(whole).toMatchObject({ hits: 2, more: 0 });
      expect(whole.scores.map((score) => score > 0)).toEqual([true, true, true, false, false]);
      expect(await asked(2)).toEqual({ ...whole, more: 1 });
    });

    it('keeps names and values of predicates apart from the statement', async () => {
      const films = new TestCatalogue(subject, testSchema);
      const odd = [`'`, `"; --`, '$1', '\\', '__proto__', '{a}', 'NULL', '%'];
      await films.put(
        ...odd.map((value) => ({
          ...films.schema,
          ...{ id: value, version: 1, title: 'robot', text: '', relations: [] },
          facets: { tags: [value] },
          fields: { language: value },
          embedding: new Float32Array(8).fill(1),
        })),
      );
      for (const value of [...odd, 'a\0', '\ud800']) {
        const found = odd.includes(value) ? [value] : [];
        for (const predicate of [
          { kind: 'facet', facet: 'tags', match: 'any', values: [value] },
          { kind: 'facet', facet: 'tags', match: 'all', values: [value] },
          { kind: 'in', field: 'language', values: [value] },
          { kind: 'ids', ids: [value] },
        ] as const) {
          const request = {
            ...films.request(100),
            predicate: { predicate, mask: new Uint8Array(0), passing: 0 },
          };
          const { hits } = await films.port.search({ ...request, text: 'robot' });
          expect(hits.map(({ id }) => id)).toEqual(found);
        }
      }
    });

    const films = runs.films && filmsAvailable() ? it : it.skip;
    films(
      'finds what the index in process finds on 2,512 films, with the same bits',
      async () => {
        const { schema } = filmsSchema();
        const documents = filmDocuments().map((document) => ({
          ...document,
          version: 1,
          embedding: document.embedding ?? new Float32Array(schema.embedding.dimension),
        }));
        const catalogue = new TestCatalogue(subject, schema);
        await catalogue.put(...documents);
        const index = new LexicalIndex(schema);
        index.apply(documents.map((document) => ({ kind: 'put', document })));
        for (const text of [
          'lonely robot',
          'the war of the stars',
          'spielburg',
          'space od',
          'love story in paris',
        ]) {
          const wanted = index.search(text).best(catalogue.snapshot, null, 100);
          const { hits } = await catalogue.port.search({ ...catalogue.request(100), text });
          expect(hits).toEqual(wanted.map(({ id, score }) => ({ id, score })));
        }
      },
      240_000,
    );
  });
}

function idOf(change: DocumentChange): string {
  return change.kind === 'put' ? change.document.id : change.id;
}

/** The change in the version that it would have. */
function nextVersion(change: DocumentChange, versions: Map<string, number>): DocumentChange {
  const version = (versions.get(idOf(change)) ?? 0) + 1;
  versions.set(idOf(change), version);
  if (change.kind === 'delete') return { ...change, version };
  return { kind: 'put', document: { ...change.document, version } };
}
