import {
  defaultContext,
  emptyPolicy,
  noTenantRules,
  type Policy,
  type StoredPolicy,
  type StoredTenantRules,
  type TenantRules,
} from '../../domain/policy.ts';
import { TriptychError } from '../../errors.ts';
import type { ExpectedVersion, PolicyStore, UserHead } from '../../ports/policy-store.ts';
import * as statements from './policy-statements.ts';
import { type SqlClient, type SqlRow, type SqlStatement, textCell } from './sql-client.ts';
import { pendingOfRow, policyOf, policyOfCell, stateOfRow } from './user-rows.ts';
import { headColumns, readHead } from './user-state-statements.ts';

/** Policies of users and rules of tenants in Postgres tables; `migrate` comes first. */
export class SqlPolicyStore implements PolicyStore {
  readonly #client: SqlClient;

  constructor(client: SqlClient) {
    this.#client = client;
  }

  async head(tenant: string, user: string, context: string): Promise<UserHead> {
    const [rows] = await this.#client.run([readHead(tenant, user, [defaultContext, context])], { tenant });
    const row = rows![0]!;
    return {
      policy: policyOfCell(row[headColumns.policies]) ?? emptyPolicy,
      contextPolicy:
        context === defaultContext ? null : (policyOfCell(row[headColumns.policies + 1]) ?? emptyPolicy),
      stateVersion: Number(row[headColumns.version] ?? 0),
      pendingEvents: Number(row[headColumns.pending] ?? 0),
      pending: pendingOfRow(row),
      state: stateOfRow(row),
    };
  }

  async rules(tenant: string): Promise<StoredTenantRules> {
    const [rows] = await this.#client.run([statements.getTenantRules(tenant)], { tenant });
    const row = rows?.[0];
    if (row === undefined) return noTenantRules;
    return { ...(JSON.parse(textCell(row, 1)) as TenantRules), version: Number(textCell(row, 0)) };
  }

  async putRules(tenant: string, rules: TenantRules, expected: ExpectedVersion): Promise<StoredTenantRules> {
    const body: TenantRules = { rules: rules.rules, contexts: rules.contexts };
    const put = statements.putTenantRules(tenant, JSON.stringify(body), expected);
    return { ...body, version: await this.#write(tenant, 'tenant rules', put, expected) };
  }

  async policy(tenant: string, user: string, context: string): Promise<StoredPolicy | null> {
    const [rows] = await this.#client.run([statements.getUserPolicy([tenant, user, context])], { tenant });
    return rows?.[0] === undefined ? null : policyOfRow(rows[0], 0);
  }

  async putPolicy(
    tenant: string,
    user: string,
    context: string,
    policy: Policy,
    expected: ExpectedVersion,
  ): Promise<StoredPolicy> {
    const { preferences, constraints, learningRate, explorationRate } = policy;
    const body: Policy = { preferences, constraints, learningRate, explorationRate };
    const put = statements.putUserPolicy([tenant, user, context], JSON.stringify(body), expected);
    return policyOf(await this.#write(tenant, 'policy', put, expected), body);
  }

  async deletePolicy(
    tenant: string,
    user: string,
    context: string,
    expected: ExpectedVersion,
  ): Promise<boolean> {
    const deletion = statements.deleteUserPolicy([tenant, user, context], expected);
    const [deleted, present] = await this.#client.run(deletion, { tenant });
    if (deleted![0] !== undefined) return true;
    const nothingExpected = expected === null || expected === 0;
    if (present![0] !== undefined || (expected !== undefined && !nothingExpected))
      throw otherVersion('policy', present![0], expected);
    return false;
  }

  async policies(tenant: string, user: string): Promise<ReadonlyMap<string, StoredPolicy>> {
    const [rows] = await this.#client.run([statements.userPolicies(tenant, user)], { tenant });
    return new Map((rows ?? []).map((row) => [textCell(row, 0), policyOfRow(row, 1)]));
  }

  /** The version that the write gave. @throws TriptychError precondition_failed */
  async #write(
    tenant: string,
    what: string,
    put: readonly SqlStatement[],
    expected: ExpectedVersion,
  ): Promise<number> {
    const [written, present] = await this.#client.run(put, { tenant });
    if (written![0] === undefined) throw otherVersion(what, present![0], expected);
    return Number(textCell(written![0], 0));
  }
}

/** A policy from the columns (version, body) that begin at `first`. */
function policyOfRow(row: SqlRow, first: number): StoredPolicy {
  return policyOf(Number(textCell(row, first)), JSON.parse(textCell(row, first + 1)) as Policy);
}

function otherVersion(what: string, present: SqlRow | undefined, expected: ExpectedVersion): TriptychError {
  const there =
    present === undefined ? `no ${what} is stored` : `the stored version of the ${what} is ${present[0]}`;
  const wanted = expected === null || expected === 0 ? 'none was expected' : `not ${expected}`;
  return new TriptychError('precondition_failed', `${there}, ${wanted}`);
}
