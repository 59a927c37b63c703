import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
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
});

type Answer = { readonly value: unknown } | { readonly code: string; readonly message: string };

async function answer(
  { service, clock }: SearchFixture,
  tenant: Tenant,
  call: TenantCall['run'],
): Promise<Answer> {
  try {
    return { value: await clock.run(call(service, tenant, clock.nowMs())) };
  } catch (error) {
    if (!(error instanceof TriptychError)) throw error;
    return { code: error.code, message: error.message };
  }
}

describe('two tenants', () => {
  it('never see anything of each other', { timeout: 600_000 }, async () => {
    let calls = 0;
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...tenants), tenantCall, async (tenant, { run }) => {
        const found = await answer(together, tenant, run);
        calls++;
        if ('value' in found) {
          const other = tenants.find((name) => name !== tenant)!;
          const text = answerText(found.value);
          expect(text.includes(other), text).toBe(false);
          if (text.includes(tenant)) answered++;
        }
        // Nor can one tell from any answer, error or count that the other is there.
        expect(answerText(found)).toBe(answerText(await answer(alone[tenant], tenant, run)));
      }),
      { numRuns: 10_000 },
    );
    expect(calls).toBeGreaterThanOrEqual(10_000);
    // Most answers hold documents, so the other tenant's could have been among them.
    expect(answered / calls).toBeGreaterThan(0.5);
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
