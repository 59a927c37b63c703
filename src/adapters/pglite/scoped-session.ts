import type { PGlite } from '@electric-sql/pglite';
import { appRole, workerRole } from '../sql/roles.ts';
import type { SqlScope } from '../sql/sql-client.ts';

/** The engine's user is a superuser, whom row-level security does not bind: only tables' owners' work runs as it. */
const superuser = 'none';
const enterText = `SELECT set_config('role', $1, false), set_config('app.tenant', $2, false)`;

/**
 * Takes the role and the tenant of a scope on in the engine's one session. They are those of the session, set outside of
 * any transaction, so that a rollback leaves them and work in the same scope needs no further statement.
 */
export class ScopedSession {
  readonly #database: PGlite;
  #role = superuser;
  #tenant = '';

  constructor(database: PGlite) {
    this.#database = database;
  }

  async enter(scope: SqlScope): Promise<void> {
    const role = scope === 'owner' ? superuser : scope === 'all' ? workerRole : appRole;
    const tenant = typeof scope === 'string' ? '' : scope.tenant;
    if (role === this.#role && tenant === this.#tenant) return;
    await this.#database.query(enterText, [role, tenant]);
    this.#role = role;
    this.#tenant = tenant;
  }
}
