import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DocumentChange, StoredDocument, StoredEmbedding } from '../../src/domain/document.ts';
import { addHash, documentHash } from '../../src/domain/epoch.ts';
import { numericValue } from '../../src/domain/predicate.ts';
import { ResidentTable } from '../../src/domain/resident-table.ts';
import { plainMemory } from '../../src/domain/row-memory.ts';
import type { HeldSnapshot, TableSnapshot } from '../../src/domain/table-snapshot.ts';
import { vectorOf } from '../../src/domain/vector-rows.ts';
import { limits } from '../../src/limits.ts';
import { documentArbitrary, idArbitrary, testSchema } from '../support/arbitraries.ts';

type Model = Map<string, StoredDocument>;

/** What a snapshot shows, document by document, in the order of its tie ranks; vectors of resident documents alone. */
function contents(table: TableSnapshot): StoredDocumentView[] {
  const rows = Array.from({ length: table.rowCount }, (_, row) => row).filter((row) => table.live[row] === 1);
  rows.sort((a, b) => table.tieRanks[a]! - table.tieRanks[b]!);
  return rows.map((row) => ({
    id: table.idOf(row),
    title: table.titleOf(row),
    embedding: row < table.resident.rowCount ? [...vectorOf(table.vectors, row)] : null,
    version: table.versions[row],
    popularity: table.popularity[row],
    genres: [
      ...table.facetValues.subarray(
        table.facetStarts[row],
        table.facetStarts[row]! + table.facetCounts[row]!,
      ),
    ]
      .map((code) => `${table.dictionary.facetOf(code)}=${table.dictionary.valueOf(code)}`)
      .sort(),
    year: table.fields[Object.keys(testSchema.fields).indexOf('year')]![row],
    row: table.rowOf(table.idOf(row)) === row,
  }));
}

interface Promotion {
  readonly kind: 'promote';
  readonly ids: readonly string[];
  readonly stale: boolean;
}

type Write = DocumentChange | Promotion;

function isWrite(action: { readonly kind: string }): action is Write {
  return ['put', 'delete', 'promote'].includes(action.kind);
}

function writeTo(tables: readonly ResidentTable[], model: Model, write: Write): void {
  for (const table of tables)
    if (write.kind === 'promote') table.promote(readOf(model, write));
    else table.apply([write]);
  if (write.kind !== 'promote') applyToModel(model, write);
}

/** What was read of documents; of a stale read nothing may be seen. */
function readOf(model: Model, { ids, stale }: Promotion): StoredEmbedding[] {
  return ids.map((id) => {
    const { version = 1, embedding = new Float32Array(testSchema.embedding.dimension) } = model.get(id) ?? {};
    return stale
      ? { id, version: version + 1, embedding: embedding.map((x) => -x) }
      : { id, version, embedding };
  });
}

interface HeldPart {
  readonly snapshot: HeldSnapshot;
  readonly model: Model;
  /** What was resident when the epoch was taken. */
  readonly resident: readonly StoredDocumentView[];
}

function checkHeld({ snapshot, model, resident }: HeldPart): void {
  expect(withoutVectors(contents(snapshot))).toEqual(withoutVectors(expected(model)));
  // Also what was resident stays so, and the same, for who holds the epoch.
  expect(contents(snapshot.resident)).toEqual(resident);
  const all = new Map(expected(model).map((view) => [view.id, view]));
  for (const view of resident) expect(view).toEqual(all.get(view.id));
}

function checkBounds({ resident, vectors }: TableSnapshot, most: number): void {
  expect(contents(resident).length).toBe(resident.liveCount);
  expect(resident.liveCount).toBeLessThanOrEqual(most);
  expect(vectors.values.length).toBeLessThanOrEqual((most + limits.residentRowsSpare) * vectors.stride);
  for (const row of resident.changed) expect(row).toBeLessThan(resident.rowCount);
}

function withoutVectors(views: readonly StoredDocumentView[]): object[] {
  return views.map((view) => ({ ...view, embedding: null }));
}

function capped(residentRowsMax: number): ResidentTable {
  return new ResidentTable(testSchema, 1, plainMemory, residentRowsMax);
}

interface StoredDocumentView {
  id: string;
  title: string;
  embedding: number[] | null;
  version: number | undefined;
  popularity: number | undefined;
  genres: string[];
  year: number | undefined;
  row: boolean;
}

function expected(model: Model): StoredDocumentView[] {
  const documents = [...model.values()].sort((a, b) => Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)));
  return documents.map((document) => ({
    id: document.id,
    title: document.title,
    embedding: [...document.embedding],
    version: document.version,
    popularity: percentileOf(document, documents),
    genres: Object.entries(document.facets)
      .flatMap(([facet, values]) => values.map((value) => `${facet}=${value}`))
      .sort(),
    year: (document.fields.year as number | undefined) ?? Number.NaN,
    row: true,
  }));
}

function percentileOf(document: StoredDocument, documents: readonly StoredDocument[]): number {
  const value = votesOf(document);
  const known = documents.map(votesOf).filter((one) => !Number.isNaN(one));
  const below = known.filter((one) => one < value).length;
  const upTo = known.filter((one) => one <= value).length;
  return Number.isNaN(value) ? Number.NaN : Math.fround((below + upTo) / 2 / known.length);
}

function votesOf(document: StoredDocument): number {
  return numericValue(testSchema, document, testSchema.popularity!);
}

const step = fc.oneof(
  { weight: 6, arbitrary: documentArbitrary.map((document) => ({ kind: 'put' as const, document })) },
  { weight: 2, arbitrary: idArbitrary.map((id) => ({ kind: 'delete' as const, id, version: 9 })) },
  { weight: 2, arbitrary: fc.constant({ kind: 'publish' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'acquire' as const }) },
  { weight: 1, arbitrary: fc.nat(5).map((index) => ({ kind: 'release' as const, index })) },
  {
    weight: 2,
    arbitrary: fc
      .record({ ids: fc.uniqueArray(idArbitrary, { maxLength: 4 }), stale: fc.boolean() })
      .map((promoted) => ({ kind: 'promote' as const, ...promoted })),
  },
);

function applyToModel(model: Model, change: DocumentChange): void {
  if (change.kind === 'put') model.set(change.document.id, change.document);
  else model.delete(change.id);
}

describe('ResidentTable', () => {
  it('shows every held snapshot its own epoch, whatever is written, published and released meanwhile', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const table = new ResidentTable(testSchema, 1);
        const written: Model = new Map();
        let published: Model = new Map();
        const held: { snapshot: HeldSnapshot; model: Model }[] = [];
        for (const action of steps) {
          if (isWrite(action)) writeTo([table], written, action);
          else if (action.kind === 'publish') {
            table.publish();
            published = new Map(written);
          } else if (action.kind === 'acquire') held.push({ snapshot: table.acquire(), model: published });
          else held.splice(action.index, 1)[0]?.snapshot.release();
          for (const { snapshot, model } of held) expect(contents(snapshot)).toEqual(expected(model));
          expect(contents(table.current)).toEqual(expected(published));
          expect(table.current.liveCount).toBe(published.size);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('shows the same but for the vectors of documents that are one too many, of which it keeps none', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 1, max: 9 }), (steps, most) => {
        const [table, whole] = [capped(most), new ResidentTable(testSchema, 1)];
        const written: Model = new Map();
        let published: Model = new Map();
        const held: HeldPart[] = [];
        for (const action of steps) {
          if (isWrite(action)) writeTo([table, whole], written, action);
          else if (action.kind === 'publish') {
            expect(table.publish().epoch).toEqual(whole.publish().epoch);
            published = new Map(written);
          } else if (action.kind === 'acquire') {
            const snapshot = table.acquire();
            held.push({ snapshot, model: published, resident: contents(snapshot.resident) });
          } else held.splice(action.index, 1)[0]?.snapshot.release();
          held.forEach(checkHeld);
          checkBounds(table.current, most);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('keeps the vectors of the most popular documents of a catalogue that is loaded', () => {
    fc.assert(
      fc.property(
        fc.array(documentArbitrary, { maxLength: 60 }),
        fc.integer({ min: 1, max: 9 }),
        (put, most) => {
          const table = capped(most);
          table.apply(put.map((document) => ({ kind: 'put', document })));
          const { resident } = table.publish();
          const model = [...new Map(put.map((document) => [document.id, document])).values()];
          const heat = (document: StoredDocument) => {
            const votes = votesOf(document);
            return Number.isNaN(votes) ? Number.NEGATIVE_INFINITY : votes;
          };
          expect(resident.liveCount).toBe(Math.min(most, model.length));
          const isResident = (document: StoredDocument) =>
            table.current.rowOf(document.id) < resident.rowCount;
          const coldest = Math.min(...model.filter(isResident).map(heat));
          // A document that was put twice may have been hotter or colder before.
          if (model.length === put.length)
            for (const document of model.filter((one) => !isResident(one)))
              expect(heat(document)).toBeLessThanOrEqual(coldest);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('finds a free place again for documents that are written after some were deleted', () => {
    const table = capped(2);
    const documents = fc.sample(documentArbitrary, 3).map((document, i) => ({ ...document, id: `d${i}` }));
    table.apply(documents.map((document) => ({ kind: 'put', document })));
    expect(table.publish().resident.liveCount).toBe(2);
    table.apply(documents.map(({ id }) => ({ kind: 'delete', id, version: 2 })));
    expect(table.publish().resident.liveCount).toBe(0);
    table.apply(documents.slice(0, 2).map((document) => ({ kind: 'put', document })));
    const { resident, liveCount } = table.publish();
    expect([resident.liveCount, liveCount]).toEqual([2, 2]);
  });

  it('has an epoch checksum that depends on the live (id, version) pairs alone', () => {
    fc.assert(
      fc.property(fc.array(fc.array(documentArbitrary, { maxLength: 10 }), { maxLength: 5 }), (batches) => {
        const table = new ResidentTable(testSchema, 3);
        const model = new Map<string, number>();
        for (const batch of batches) {
          table.apply(batch.map((document) => ({ kind: 'put', document })));
          table.publish();
          for (const document of batch) model.set(document.id, document.version);
        }
        let sum = 0n;
        for (const [id, version] of model) sum = addHash(sum, documentHash(id, version));
        expect(table.current.epoch).toEqual({ generation: 3, checksum: sum });
      }),
      { numRuns: 200 },
    );
  });

  it('reuses the rows of updated documents once nobody reads them', () => {
    const table = new ResidentTable(testSchema, 1);
    const [document] = fc.sample(documentArbitrary, 1);
    for (let version = 1; version <= 5_000; version++) {
      table.apply([{ kind: 'put', document: { ...document!, version } }]);
      table.publish();
    }
    expect(table.current.rowCount).toBeLessThanOrEqual(2);
    expect(table.current.facetValues.length).toBeLessThan(20_000);
  });

  it('ranks popularity by mid-rank percentile and knows the newest date', () => {
    const table = new ResidentTable(testSchema, 1);
    const [document] = fc.sample(documentArbitrary, 1);
    const votes = [1, 5, 5, 9, null];
    table.apply(
      votes.map((value, i) => ({
        kind: 'put',
        document: {
          ...document!,
          id: `d${i}`,
          fields: { released: `200${i}-01-01`, ...(value === null ? {} : { votes: value }) },
        },
      })),
    );
    const snapshot = table.publish();
    const popularity = votes.map((_, i) => snapshot.popularity[snapshot.rowOf(`d${i}`)]);
    expect(popularity).toEqual([0.125, 0.5, 0.5, 0.875, Number.NaN]);
    expect(snapshot.newestMs).toBe(Date.parse('2004-01-01'));
  });
});
