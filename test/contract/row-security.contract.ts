import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SqlClient, SqlParameter, SqlScope, SqlStatement } from '../../src/adapters/sql/sql-client.ts';

export interface RowSecuritySubject {
  readonly name: string;
  /** A migrated database, seen through one client. */
  open(): Promise<{ readonly client: SqlClient; close(): Promise<void> }>;
}

const statement = (text: string, ...parameters: SqlParameter[]): SqlStatement => ({ text, parameters });

/** What the engine itself keeps apart, whatever the statements say. */
export function rowSecurityContract(subject: RowSecuritySubject): void {
  describe(`rows of tenants: ${subject.name}`, () => {
    let opened: Awaited<ReturnType<RowSecuritySubject['open']>>;
    const rows = async (scope: SqlScope, text: string, ...parameters: SqlParameter[]) => {
      const [answer] = await opened.client.run([statement(text, ...parameters)], scope);
      return answer!.map((row) => row.join(' '));
    };
    const tenants = ['one', 'two'];
    beforeAll(async () => {
      opened = await subject.open();
      for (const tenant of tenants)
        await rows({ tenant }, `INSERT INTO tenant_rules VALUES ($1, 1, '{}')`, tenant);
    }, 120_000);
    afterAll(() => opened.close());

    it('are seen by their tenant alone, and all of them by work in the background', async () => {
      const all = 'SELECT tenant FROM tenant_rules ORDER BY 1';
      for (const tenant of tenants) expect(await rows({ tenant }, all)).toEqual([tenant]);
      expect(await rows({ tenant: 'three' }, all)).toEqual([]);
      expect(await rows('all', all)).toEqual(tenants);
      expect(await rows({ tenant: 'one' }, all)).toEqual(['one']);
    });

    it('are changed and deleted by nobody else', async () => {
      const one = { tenant: 'one' };
      expect(await rows(one, `UPDATE tenant_rules SET version = 9 WHERE tenant = 'two' RETURNING 1`)).toEqual(
        [],
      );
      expect(await rows(one, `DELETE FROM tenant_rules WHERE tenant = 'two' RETURNING 1`)).toEqual([]);
      expect(await rows('all', `SELECT version FROM tenant_rules WHERE tenant = 'two'`)).toEqual(['1']);
    });

    it('are neither added to nor taken over by another tenant', async () => {
      const refused = { code: 'internal', cause: { sqlState: '42501' } };
      for (const text of [
        `INSERT INTO tenant_rules VALUES ('four', 1, '{}')`,
        `UPDATE tenant_rules SET tenant = 'four'`,
        // The row is there: what refuses is that it may not be seen.
        `INSERT INTO tenant_rules VALUES ('two', 1, '{}') ON CONFLICT (tenant) DO UPDATE SET version = 8`,
      ])
        await expect(rows({ tenant: 'one' }, text)).rejects.toMatchObject(refused);
    });

    it('are seen by nobody who names no tenant', async () => {
      expect(await rows({ tenant: '' }, 'SELECT tenant FROM tenant_rules')).toEqual([]);
    });

    it('are of every table that has a tenant', async () => {
      const open = `SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant'
        WHERE c.relkind = 'r' AND NOT (c.relrowsecurity AND c.relforcerowsecurity)`;
      expect(await rows('all', open)).toEqual([]);
      const closed = `SELECT count(DISTINCT tablename) > 9 FROM pg_policies WHERE policyname = 'own_tenant'`;
      expect(await rows('all', closed)).toEqual(['t']);
    });

    it('are kept apart also after a transaction that failed', async () => {
      const failing = [
        statement(`UPDATE tenant_rules SET version = 7`),
        statement('SELECT * FROM no_such_table'),
      ];
      await expect(opened.client.run(failing, 'all')).rejects.toMatchObject({ code: 'internal' });
      expect(await rows({ tenant: 'one' }, 'SELECT tenant, version FROM tenant_rules')).toEqual(['one 1']);
    });

    it('are those of the scope of each of many calls at once', async () => {
      const asked = Array.from({ length: 60 }, (_, i) => tenants[i % 3] ?? null);
      const seen = await Promise.all(
        asked.map((tenant) =>
          rows(tenant === null ? 'all' : { tenant }, 'SELECT tenant FROM tenant_rules ORDER BY 1'),
        ),
      );
      expect(seen).toEqual(asked.map((tenant) => (tenant === null ? tenants : [tenant])));
    });

    it('refuses a tenant that cannot be stored', async () => {
      for (const tenant of ['a\0b', '\ud800'])
        await expect(rows({ tenant }, 'SELECT 1')).rejects.toMatchObject({ code: 'invalid_request' });
    });
  });
}
