import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DocumentChange, StoredDocument } from '../../src/domain/document.ts';
import { addHash, documentHash } from '../../src/domain/epoch.ts';
import { ResidentTable } from '../../src/domain/resident-table.ts';
import type { HeldSnapshot, TableSnapshot } from '../../src/domain/table-snapshot.ts';
import { vectorOf } from '../../src/domain/vector-rows.ts';
import { documentArbitrary, idArbitrary, testSchema } from '../support/arbitraries.ts';

type Model = Map<string, StoredDocument>;

/** What a snapshot shows, document by document, in the order of its tie ranks. */
function contents(table: TableSnapshot): StoredDocumentView[] {
  const rows = Array.from({ length: table.rowCount }, (_, row) => row).filter((row) => table.live[row] === 1);
  rows.sort((a, b) => table.tieRanks[a]! - table.tieRanks[b]!);
  return rows.map((row) => ({
    id: table.idOf(row),
    title: table.titleOf(row),
    embedding: [...vectorOf(table.vectors, row)],
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

interface StoredDocumentView {
  id: string;
  title: string;
  embedding: number[];
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
    genres: Object.entries(document.facets)
      .flatMap(([facet, values]) => values.map((value) => `${facet}=${value}`))
      .sort(),
    year: (document.fields.year as number | undefined) ?? Number.NaN,
    row: true,
  }));
}

const step = fc.oneof(
  { weight: 6, arbitrary: documentArbitrary.map((document) => ({ kind: 'put' as const, document })) },
  { weight: 2, arbitrary: idArbitrary.map((id) => ({ kind: 'delete' as const, id, version: 9 })) },
  { weight: 2, arbitrary: fc.constant({ kind: 'publish' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'acquire' as const }) },
  { weight: 1, arbitrary: fc.nat(5).map((index) => ({ kind: 'release' as const, index })) },
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
          if (action.kind === 'put' || action.kind === 'delete') {
            table.apply([action]);
            applyToModel(written, action);
          } else if (action.kind === 'publish') {
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
