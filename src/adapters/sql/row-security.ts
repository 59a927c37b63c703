import { appRole, ownerRole, workerRole } from './roles.ts';

const rowAccess = 'SELECT, INSERT, UPDATE, DELETE';

/**
 * Statements that give a table with a `tenant` column to its owner and its rows to their tenants: whoever serves sees
 * those of the tenant that the transaction names, background work all, and the owner itself none. For every table that
 * holds what tenants wrote, in the step that makes it.
 */
export function rowsByTenant(table: string): string[] {
  return [
    `ALTER TABLE ${table} OWNER TO ${ownerRole}`,
    `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`,
    `ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`,
    // The setting is the empty text, not null, once a transaction of this session has set it.
    `CREATE POLICY own_tenant ON ${table} TO ${appRole}
      USING (tenant = nullif(current_setting('app.tenant', true), ''))`,
    `CREATE POLICY every_tenant ON ${table} TO ${workerRole} USING (true)`,
    `GRANT ${rowAccess} ON ${table} TO ${appRole}, ${workerRole}`,
  ];
}
