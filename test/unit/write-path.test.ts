import { afterEach, expect, it } from 'vitest';
import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { BulkOperation, DocumentInput } from '../../src/domain/document.ts';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { testSchema } from '../support/arbitraries.ts';
import {
  fanOfDocuments,
  inProcessParts,
  type SearchFixture,
  searchFixture,
} from '../support/search-fixture.ts';

/** A library calls the service without the wire before it: what would spoil the stores is refused here too. */

const open: SearchFixture[] = [];

async function service() {
  const fixture = await searchFixture(inProcessParts, []);
  open.push(fixture);
  return fixture.service;
}

afterEach(async () => {
  for (const { clock, service: one } of open.splice(0)) await clock.run(one.close());
});

const [film] = fanOfDocuments(1) as [DocumentInput];
const put = (change: Partial<DocumentInput>): BulkOperation => ({
  kind: 'put',
  document: { ...film, ...change },
});

async function refusal(call: Promise<unknown>): Promise<TriptychError> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof TriptychError)) throw new Error('was not refused');
  return error;
}

it.each<[BulkOperation, string, string]>([
  [put({ title: ' \n' }), 'invalid_document', 'title'],
  [put({ facets: { 'odd name': ['x'] } }), 'unknown_field', 'facets["odd name"]'],
  [put({ embedding: Float32Array.of(1) }), 'wrong_dimension', 'embedding'],
  [put({ embedding: new Float32Array(8).fill(Number.NaN) }), 'invalid_document', 'embedding[0]'],
  [{ kind: 'delete', id: 'a\u0000' }, 'invalid_document', 'id'],
])('refuses %j with the code and the path that the wire gives', async (operation, code, path) => {
  const triptych = await service();
  const write = (operations: BulkOperation[]) =>
    refusal(triptych.write('default', operations, { waitSearchable: false }));
  expect(await write([operation])).toMatchObject({ code, fields: [{ path, message: expect.any(String) }] });
  // Of several the path says which; nothing of them is written.
  expect(await write([put({}), operation])).toMatchObject({ code, fields: [{ path: `[1].${path}` }] });
  await expect(triptych.document('default', film.id)).rejects.toMatchObject({ code: 'document_not_found' });
});

it('lists a bounded number of problems', async () => {
  const many = Array.from({ length: 50 }, () => put({ title: '' }));
  const error = await refusal((await service()).write('default', many, { waitSearchable: false }));
  expect(error.fields).toHaveLength(limits.errorFieldsMax);
});

it.each<[Partial<CatalogueSchema>, string]>([
  [{ facets: ['constructor'] }, 'facets[0]'],
  [{ fields: { 'a b': { type: 'number' } }, popularity: null, recency: null }, 'fields["a b"]'],
  [{ scales: { s: ['a', 'x'.repeat(limits.fieldStringCharsMax + 1)] } }, 'scales.s[1]'],
  [{ relations: [{ type: 'SIMILAR_TO', facet: 'genres', strength: 1 }] }, 'relations[0].type'],
])('refuses a schema with %j', async (change, path) => {
  const triptych = await service();
  const schema = { ...testSchema, ...change };
  for (const call of [
    triptych.createCatalogue('default', schema),
    triptych.replaceCatalogue('default', schema),
  ]) {
    const { code, fields } = await refusal(call);
    expect([code, fields.map((field) => field.path)]).toEqual([
      'invalid_schema',
      expect.arrayContaining([path]),
    ]);
  }
});
