import { randomUUID } from 'node:crypto';
import { changedId, type DocumentChange } from '../../domain/document.ts';
import { limits } from '../../limits.ts';
import type { CatalogueKey, SharedIndexName } from '../../ports/shared-index.ts';
import type { SyncClaim, SyncLag, SyncLog } from '../../ports/sync-log.ts';
import { documentOfRow, schemaOfCell } from './document-rows.ts';
import { type SqlClient, type SqlRow, type SqlStatement, textCell } from './sql-client.ts';
import * as claims from './sync-claim-statements.ts';
import * as following from './sync-follow-statements.ts';
import { TableCare } from './table-care.ts';

export interface SqlSyncLogOptions {
  /** true where the engine vacuums and analyzes its tables by itself. */
  readonly selfVacuuming: boolean;
}

interface Work {
  /** At least one document of it is due; null: none is, or others are about to take all. */
  readonly key: CatalogueKey | null;
  /** Too little is due to fill a claim, and there is more to be marked. */
  readonly mark: boolean;
}

/** What shared indexes have yet to apply, in tables of the truth (sync-tables.ts); `migrate` comes first. */
export class SqlSyncLog implements SyncLog {
  readonly #client: SqlClient;
  readonly #care: TableCare | null;

  constructor(client: SqlClient, options: SqlSyncLogOptions) {
    this.#client = client;
    this.#care = options.selfVacuuming ? null : new TableCare(client, ['sync_state', 'sync_generation']);
  }

  async follow(index: SharedIndexName): Promise<void> {
    const [present = []] = await this.#run([following.isFollowed(index)]);
    if (present.length > 0) return;
    // Counted before the lock is taken: that may take long, and the number only tells how far the marking is.
    const [rows = []] = await this.#run([following.countGenerations]);
    const counts = rows.map((row) => ({ ...keyOfRow(row), documents: numberCell(row, 2) }));
    await this.#run([
      following.lockFollowed,
      following.notFollowed(index),
      following.addFollowed(index),
      following.markAllLater(index, counts),
    ]);
  }

  async unfollow(index: SharedIndexName): Promise<void> {
    await this.#run([
      following.lockFollowed,
      following.removeFollowed(index),
      following.forgetGenerations(index),
    ]);
    while ((await this.#count(following.forgetStates(index, limits.sweepRows))) > 0);
  }

  async claim(
    index: SharedIndexName,
    limit: number,
    leaseMs: number,
    except: readonly CatalogueKey[] = [],
  ): Promise<SyncClaim | null> {
    for (let attempt = 0; attempt < limits.syncClaimAttemptsMax; attempt++) {
      const { key, mark } = await this.#look(index, limit, except);
      if (mark) await this.#run([following.markStep(index, limits.syncMarkRows)]);
      const claim = key === null ? null : await this.#take(index, key, limit, leaseMs);
      if (claim !== null) return claim;
      if (key === null && !mark) return null;
    }
    return null;
  }

  async applied({ index, changes, token, ...key }: SyncClaim): Promise<boolean> {
    const statements = claims.settle(index, key, changes.map(changedId), token);
    const results = await this.#run(statements);
    this.#care?.wrote(0, changes.length);
    return results.length === statements.length;
  }

  async failed(claim: SyncClaim, reason: string, retryInMs: number | null): Promise<void> {
    const { index, changes, token } = claim;
    const short = reason.slice(0, limits.syncReasonCharsMax);
    await this.#run(claims.giveBack(index, claim, changes.map(changedId), token, short, retryInMs));
    this.#care?.wrote(0, changes.length);
  }

  async lag(index: SharedIndexName, key?: CatalogueKey): Promise<SyncLag> {
    const [rows] = await this.#run([following.readLag(index, key)]);
    const row = rows![0]!;
    return {
      pending: numberCell(row, 0),
      oldestEpochMs: row[1] === null ? null : numberCell(row, 1),
      parked: numberCell(row, 2),
    };
  }

  async waiting(index: SharedIndexName, tenants: readonly string[]): Promise<readonly string[]> {
    const [rows = []] = await this.#run([following.waitingTenants(index, tenants)]);
    return rows.map((row) => textCell(row, 0));
  }

  async hasApplied(index: SharedIndexName, key: CatalogueKey): Promise<boolean> {
    const [rows] = await this.#run([following.hasApplied(index, key)]);
    return rows![0]![0] === 't';
  }

  async requeue(index: SharedIndexName, key: CatalogueKey, ids?: readonly string[]): Promise<number> {
    if (ids === undefined) {
      const [rows] = await this.#run(following.requeueAll(index, key));
      return rows?.[0] === undefined ? 0 : numberCell(rows[0], 0);
    }
    const distinct = [...new Set(ids)];
    let due = 0;
    for (let at = 0; at < distinct.length; at += limits.writeRowsMax) {
      const some = distinct.slice(at, at + limits.writeRowsMax);
      due += await this.#count(following.requeueSome(index, key, some));
    }
    return due;
  }

  async hold(index: SharedIndexName, key: CatalogueKey, leaseMs: number): Promise<boolean> {
    const [held = []] = await this.#run([claims.holdGeneration(index, key, leaseMs)]);
    return held.length > 0;
  }

  async dropped(index: SharedIndexName): Promise<readonly CatalogueKey[]> {
    const [rows = []] = await this.#run([following.droppedGenerations(index, limits.listPageMax)]);
    return rows.map(keyOfRow);
  }

  async forget(index: SharedIndexName, key: CatalogueKey): Promise<void> {
    await this.#run([following.forgetGeneration(index, key)]);
  }

  async #look(index: SharedIndexName, limit: number, except: readonly CatalogueKey[]): Promise<Work> {
    const next = except.length === 0 ? claims.firstDue(index) : claims.firstDueExcept(index, except);
    const [counts, first] = await this.#run([claims.countWork(index, limit), next]);
    const [due, unmarked] = counts![0]!;
    return {
      key: first![0] === undefined ? null : keyOfRow(first![0]),
      // What is passed over is due as well, and must not keep the others' documents from being marked.
      mark: unmarked === 't' && (Number(due) < limit || except.length > 0),
    };
  }

  /** null: others have taken what was due. */
  async #take(
    index: SharedIndexName,
    key: CatalogueKey,
    limit: number,
    leaseMs: number,
  ): Promise<SyncClaim | null> {
    const token = randomUUID();
    const [held, , rows] = await this.#run([
      claims.holdGeneration(index, key, leaseMs),
      claims.leaseDue(index, key, limit, token, leaseMs),
      claims.leasedDocuments(index, token, leaseMs),
    ]);
    if (rows === undefined) return null;
    this.#care?.wrote(0, rows.length);
    return {
      ...key,
      index,
      schema: schemaOfCell(textCell(held![0]!, 0)),
      changes: rows.map(changeOfRow),
      token,
    };
  }

  async #count(statement: SqlStatement): Promise<number> {
    const [rows] = await this.#run([statement]);
    return numberCell(rows![0]!, 0);
  }

  #run(statements: readonly SqlStatement[]): ReturnType<SqlClient['run']> {
    return this.#client.run(statements, 'all');
  }
}

function changeOfRow(row: SqlRow): DocumentChange {
  const { id, desired, live, document } = claims.leasedColumns;
  if (row[live] === 't') return { kind: 'put', document: documentOfRow(row, document) };
  return { kind: 'delete', id: textCell(row, id), version: numberCell(row, desired) };
}

function keyOfRow(row: SqlRow): CatalogueKey {
  return { tenant: textCell(row, 0), generation: numberCell(row, 1) };
}

function numberCell(row: SqlRow, column: number): number {
  return Number(textCell(row, column));
}
