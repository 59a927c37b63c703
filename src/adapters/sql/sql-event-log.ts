import type { LoggedEvent } from '../../domain/user-event.ts';
import type { UserState } from '../../domain/user-state.ts';
import { limits } from '../../limits.ts';
import type {
  EventAck,
  EventBatch,
  EventDelta,
  EventLog,
  PendingEvents,
  PendingExceptions,
} from '../../ports/event-log.ts';
import { appendEvents, markApplied, pendingEvents, userEvents } from './event-statements.ts';
import { type SqlClient, type SqlScope, textCell } from './sql-client.ts';
import { TableCare } from './table-care.ts';
import { eventOfRow, stateOfRow } from './user-rows.ts';
import { eraseUser, mergeStates, readState } from './user-state-statements.ts';

export interface SqlEventLogOptions {
  /** true where the engine vacuums and analyzes its tables by itself. */
  readonly selfVacuuming: boolean;
}

const tables = ['event', 'user_state', 'user_document', 'user_value', 'user_policy', 'tenant_rules'];

/** Events and the states of users in Postgres tables; `migrate` comes first. */
export class SqlEventLog implements EventLog {
  readonly #client: SqlClient;
  readonly #care: TableCare | null;

  constructor(client: SqlClient, options: SqlEventLogOptions) {
    this.#client = client;
    this.#care = options.selfVacuuming ? null : new TableCare(client, tables);
  }

  async append(batches: readonly EventBatch[], receivedAtMs: number): Promise<readonly EventAck[]> {
    const all = batches.flatMap(({ tenant, events }, batch) =>
      events.map((event) => ({ batch, key: keyOf(tenant, event.eventId), tenant, event })),
    );
    // Of equal ids the first counts.
    const first = new Map(all.toReversed().map((one) => [one.key, one]));
    const distinct = all.filter((one) => first.get(one.key) === one);
    const accepted = batches.map(() => 0);
    if (distinct.length > 0) {
      const [kept = []] = await this.#client.run([appendEvents(distinct, receivedAtMs)], scopeOf(distinct));
      for (const row of kept) accepted[first.get(keyOf(textCell(row, 0), textCell(row, 1)))!.batch]! += 1;
      this.#care?.wrote(kept.length, 0);
    }
    return batches.map(({ events }, i) => ({
      accepted: accepted[i]!,
      duplicates: events.length - accepted[i]!,
    }));
  }

  async pending(
    eventsMax: number,
    except: PendingExceptions = { tenants: [], users: [] },
  ): Promise<readonly PendingEvents[]> {
    const [rows = []] = await this.#client.run([pendingEvents(eventsMax, except)], 'all');
    const users = new Map<string, { tenant: string; user: string; events: LoggedEvent[] }>();
    for (const event of rows.map(eventOfRow)) {
      const { tenant, user } = event;
      const key = keyOf(tenant, user);
      const waiting = users.get(key);
      if (waiting === undefined) users.set(key, { tenant, user, events: [event] });
      else waiting.events.push(event);
    }
    return [...users.values()];
  }

  apply(tenant: string, user: string, eventIds: readonly string[], delta: UserState): Promise<boolean> {
    return this.applyAll([{ tenant, user, eventIds, delta }]);
  }

  async applyAll(deltas: readonly EventDelta[]): Promise<boolean> {
    const some = deltas.filter(({ eventIds }) => eventIds.length > 0);
    if (some.length === 0) return true;
    const statements = [...markApplied(some), ...mergeStates(some)];
    const results = await this.#client.run(statements, 'all');
    if (results.length < statements.length) return false;
    let [events, rows] = [0, 0];
    for (const { eventIds, delta } of some) {
      events += eventIds.length;
      rows += delta.documents.size + 1;
      for (const { size } of delta.learned.values()) rows += size;
    }
    // Most facet values that an event speaks of were there before.
    this.#care?.wrote(rows - some.length, events + rows);
    return true;
  }

  async state(tenant: string, user: string): Promise<UserState> {
    const [rows] = await this.#client.run([readState(tenant, user)], { tenant });
    return stateOfRow(rows![0]!);
  }

  async events(
    tenant: string,
    user: string,
    after: string | null,
    limit: number,
  ): Promise<readonly LoggedEvent[]> {
    const pageSize = Math.min(limit, limits.exportPageEvents);
    const [rows = []] = await this.#client.run([userEvents(tenant, user, after, pageSize)], { tenant });
    return rows.map(eventOfRow);
  }

  async erase(tenant: string, user: string): Promise<boolean> {
    const counts = (await this.#client.run(eraseUser(tenant, user), { tenant })).map((rows) =>
      Number(textCell(rows[0]!, 0)),
    );
    const gone = counts.reduce((sum, count) => sum + count, 0);
    this.#care?.wrote(0, gone);
    return gone > 0;
  }
}

/** One tenant's events need no more than its own rows. */
function scopeOf(events: readonly { readonly tenant: string }[]): SqlScope {
  const tenant = events[0]!.tenant;
  return events.every((event) => event.tenant === tenant) ? { tenant } : 'all';
}

/** NUL cannot be stored, so it parts what can. */
function keyOf(tenant: string, id: string): string {
  return `${tenant}\0${id}`;
}
