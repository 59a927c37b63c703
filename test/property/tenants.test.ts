import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SearchResponse } from '../../src/domain/search-response.ts';
import { TriptychError } from '../../src/errors.ts';
import { inProcessParts, type SearchFixture, searchFixture } from '../support/search-fixture.ts';
import {
  answerText,
  documentsOf,
  type Tenant,
  type TenantCall,
  tenantCall,
  tenants,
} from '../support/tenant-calls.ts';
import { writeUsers } from '../support/tenant-users.ts';

/** One service with both tenants, and for each tenant one in which it is alone. */
let together: SearchFixture;
let alone: Readonly<Record<Tenant, SearchFixture>>;

beforeAll(async () => {
  const acme = documentsOf('acme');
  const globex = documentsOf('globex');
  together = await searchFixture(inProcessParts, [], { others: { acme, globex } });
  alone = {
    acme: await searchFixture(inProcessParts, [], { others: { acme } }),
    globex: await searchFixture(inProcessParts, [], { others: { globex } }),
  };
  await writeUsers(together, tenants);
  for (const tenant of tenants) await writeUsers(alone[tenant], [tenant]);
});

type Answer = { readonly value: unknown } | { readonly code: string; readonly message: string };

async function answer(fixture: SearchFixture, tenant: Tenant, call: TenantCall['run']): Promise<Answer> {
  try {
    return { value: await fixture.clock.run(call(fixture, tenant)) };
  } catch (error) {
    if (!(error instanceof TriptychError)) throw error;
    return { code: error.code, message: error.message };
  }
}

/** The other tenant asks on with a cursor of this one. */
async function continueAsOther(tenant: Tenant, { request }: TenantCall, found: unknown): Promise<boolean> {
  const first = (Array.isArray(found) ? found[0] : found) as SearchResponse;
  if (request === undefined || first.cursor === null) return false;
  const { cursor } = first;
  const foreign = await answer(together, otherThan(tenant), ({ service, clock }, other) =>
    service.search(other, { ...request, cursor }, { startedAtMs: clock.nowMs() }),
  );
  expect(foreign).toMatchObject({ code: 'cursor_mismatch' });
  return true;
}

const otherThan = (tenant: Tenant): Tenant => tenants.find((name) => name !== tenant)!;

describe('two tenants', () => {
  it('never see anything of each other', { timeout: 600_000 }, async () => {
    let calls = 0;
    let answered = 0;
    let cursors = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...tenants), tenantCall, async (tenant, call) => {
        const { run } = call;
        const found = await answer(together, tenant, run);
        calls++;
        if ('value' in found) {
          const text = answerText(found.value);
          expect(text.includes(otherThan(tenant)), text).toBe(false);
          if (text.includes(tenant)) answered++;
          if (await continueAsOther(tenant, call, found.value)) cursors++;
        }
        // Nor can one tell from any answer, error or count that the other is there.
        expect(answerText(found)).toBe(answerText(await answer(alone[tenant], tenant, run)));
      }),
      // What one call writes the next ones see, so a failing one means nothing without those before it.
      { numRuns: 10_000, endOnFailure: true },
    );
    expect(calls).toBeGreaterThanOrEqual(10_000);
    // Most answers hold documents, so the other tenant's could have been among them.
    expect(answered / calls).toBeGreaterThan(0.5);
    expect(cursors).toBeGreaterThan(1_000);
  });

  it('may have documents of the same id', async () => {
    const { service, clock } = await searchFixture(inProcessParts, [], { others: { acme: [], globex: [] } });
    const write = (tenant: Tenant, operation: Parameters<typeof service.write>[1][number]) =>
      clock.run(service.write(tenant, [operation], { waitSearchable: true }));
    const titled = (title: string) => ({ ...documentsOf('acme')[0]!, id: 'same', title });
    await write('acme', { kind: 'put', document: titled('of acme') });
    await write('globex', { kind: 'put', document: titled('of globex') });
    expect((await service.document('acme', 'same')).title).toBe('of acme');
    await write('acme', { kind: 'delete', id: 'same' });
    expect((await service.document('globex', 'same')).title).toBe('of globex');
    await expect(service.document('acme', 'same')).rejects.toMatchObject({ code: 'document_not_found' });
    expect((await service.catalogue('globex')).documents).toBe(1);
    expect((await service.catalogue('acme')).documents).toBe(0);
  });
});
