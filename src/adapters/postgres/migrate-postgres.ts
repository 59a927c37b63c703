import { setTimeout as delay } from 'node:timers/promises';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import {
  applyStep,
  assertServable,
  createIndexText,
  newestOf,
  recordStatement,
  type SchemaState,
  schemaState,
} from '../sql/migrate.ts';
import { type Migration, migrations, migrationTable, servesFromColumn } from '../sql/migrations.ts';
import { ownerRole } from '../sql/roles.ts';
import { textCell } from '../sql/sql-client.ts';
import { grantRights, missingRights } from './owner-rights.ts';
import { type OwnerOptions, OwnerSession } from './owner-session.ts';
import { sqlStateOf } from './pg-errors.ts';

/** What was done to a database, or would be. */
export interface MigrationReport {
  readonly dryRun: boolean;
  /** Statements about roles and what they may. */
  readonly rights: readonly string[];
  /** Newest step before. */
  readonly from: number;
  readonly to: number;
  readonly steps: readonly Pick<Migration, 'version' | 'name' | 'kind' | 'servesFrom'>[];
}

export interface MigrateOptions {
  readonly dryRun?: boolean;
  readonly steps?: readonly Migration[];
  /** How long another migration of the same database is waited for. */
  readonly waitMs?: number;
}

/** Anything, but the same for all: one migration of a database at a time. */
const lockKey = 7_426_873_021;
const lockNotAvailable = '55P03';

/**
 * Makes roles and rights where they are missing and the login may, then applies the steps that the database lacks, each
 * for itself; an interruption leaves whole steps. Programs that serve meanwhile go on: a step that needs a table for
 * itself waits for it briefly and tries again, and indexes are built beside them.
 * @throws TriptychError invalid_settings | data_too_new | unavailable | overloaded (another migration runs)
 */
export async function migratePostgres(
  owner: OwnerOptions,
  { dryRun = false, steps = migrations, waitMs = limits.migrationWaitMsMax }: MigrateOptions = {},
): Promise<MigrationReport> {
  const session = await OwnerSession.open(owner);
  try {
    if (dryRun) {
      const rights = await missingRights(session);
      return reportOf(true, rights, await presentState(session), steps);
    }
    await lock(session, waitMs);
    const rights = await missingRights(session);
    await grantRights(session, rights);
    await session.runAlone(`SET ROLE ${ownerRole}`);
    const state = await presentState(session);
    const report = reportOf(false, rights, state, steps);
    await session.run([migrationTable, servesFromColumn].map((text) => ({ text, parameters: [] })));
    for (const step of steps) if (step.version > state.version) await patiently(() => apply(session, step));
    return report;
  } finally {
    await session.close();
  }
}

function reportOf(
  dryRun: boolean,
  rights: readonly string[],
  state: SchemaState,
  all: readonly Migration[],
): MigrationReport {
  const newest = newestOf(all);
  assertServable(state, newest);
  const steps = all
    .filter(({ version }) => version > state.version)
    .map(({ version, name, kind, servesFrom }) => ({ version, name, kind, servesFrom }));
  return { dryRun, rights, from: state.version, to: Math.max(newest, state.version), steps };
}

/** The state of a database that may not have the table of steps. */
async function presentState(session: OwnerSession): Promise<SchemaState> {
  const [rows] = await session.run([
    { text: `SELECT to_regclass('schema_migration') IS NOT NULL`, parameters: [] },
  ]);
  return rows![0]![0] === 't' ? schemaState(session) : { version: 0, servesFrom: 0 };
}

const holderText = `SELECT coalesce(string_agg(format('process %s of %s at %s', a.pid, a.usename,
    coalesce(host(a.client_addr), 'the server itself')), ', '), 'nobody any more')
  FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
  WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND ((l.classid::bigint << 32) | l.objid::bigint) = $1`;

/** Asks again and again: who waits within the lock would keep indexes from being built. It ends with the session. */
async function lock(session: OwnerSession, waitMs: number): Promise<void> {
  const endMs = performance.now() + waitMs;
  for (;;) {
    const [rows] = await session.run([{ text: 'SELECT pg_try_advisory_lock($1)', parameters: [lockKey] }]);
    if (rows![0]![0] === 't') return;
    if (performance.now() >= endMs) {
      const [holders] = await session.run([{ text: holderText, parameters: [lockKey] }]);
      throw new TriptychError(
        'overloaded',
        `another migration of this database is running (${textCell(holders![0]!, 0)}); waited ${waitMs} ms for it`,
      );
    }
    await delay(limits.migrationPollMs);
  }
}

/** A step waits for a lock for a moment only, so that it holds nobody up, and therefore more than once. */
async function patiently(step: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1)
    try {
      await step();
      return;
    } catch (error) {
      if (sqlStateOf(error) !== lockNotAvailable || attempt === limits.migrationAttemptsMax) throw error;
      await delay(limits.migrationPollMs);
    }
}

async function apply(session: OwnerSession, step: Migration): Promise<void> {
  if (step.indexes === undefined) {
    await applyStep(session, step);
    return;
  }
  // Without a bound of its own: a build waits for the transactions that began before it.
  await session.runAlone('SET statement_timeout = 0');
  for (const index of step.indexes) {
    await dropUnfinished(session, index.name);
    await session.runAlone(createIndexText(index, 'CONCURRENTLY'));
  }
  await session.run([recordStatement(step)]);
}

/** What an interrupted build leaves behind has the name and is of no use. */
async function dropUnfinished(session: OwnerSession, name: string): Promise<void> {
  const text = `SELECT 1 FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid`;
  const [rows] = await session.run([{ text, parameters: [name] }]);
  if (rows!.length > 0) await session.runAlone(`DROP INDEX CONCURRENTLY ${name}`);
}
