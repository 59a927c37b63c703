import type { UserEvent } from '../../domain/user-event.ts';
import type { EventDelta, PendingExceptions } from '../../ports/event-log.ts';
import type { SqlStatement } from './sql-client.ts';

/** Columns of an event, read by `eventOfRow`. */
const eventColumns = `tenant, event_id, user_id, document, type, value, context, at_ms, request_id, received_at_ms`;

// json carries what may be null, which arrays of parameters do not. The state's version is drawn where its row is
// locked, so that it grows.
const appendText = `
WITH given AS (
  SELECT * FROM json_to_recordset($1::json) AS g(tenant text, event_id text, user_id text, document text, type text,
    value double precision, context text, at_ms double precision, request_id text)
), kept AS (
  INSERT INTO event (${eventColumns})
  SELECT g.tenant, g.event_id, g.user_id, g.document, g.type, g.value, g.context, g.at_ms, g.request_id,
    $2::double precision FROM given g
  ON CONFLICT (tenant, event_id) DO NOTHING
  RETURNING tenant, event_id, user_id
), moved AS (
  INSERT INTO user_state AS s (tenant, user_id, version, pending)
  SELECT k.tenant, k.user_id, nextval('given_version'), k.events
  FROM (SELECT tenant, user_id, count(*) AS events FROM kept GROUP BY tenant, user_id ORDER BY tenant, user_id) k
  ON CONFLICT (tenant, user_id) DO UPDATE
    SET version = nextval('given_version'), pending = s.pending + excluded.pending
)
SELECT tenant, event_id FROM kept`;

/** Keeps what is new of the events (distinct ids, by arrival) and moves their users' states; rows (tenant, event_id). */
export function appendEvents(
  events: readonly { readonly tenant: string; readonly event: UserEvent }[],
  receivedAtMs: number,
): SqlStatement {
  const rows = events.map(({ tenant, event }) => ({
    tenant,
    event_id: event.eventId,
    user_id: event.user,
    document: event.document,
    type: event.type,
    value: event.value,
    context: event.context,
    at_ms: event.atMs,
    request_id: event.requestId,
  }));
  return { text: appendText, parameters: [JSON.stringify(rows), receivedAtMs], prepared: true };
}

const pendingText = `SELECT ${eventColumns} FROM event
  WHERE NOT applied AND tenant <> ALL ($2::text[])
    AND (tenant, user_id) NOT IN (SELECT * FROM unnest($3::text[], $4::text[]))
  ORDER BY arrival LIMIT $1`;

export function pendingEvents(limit: number, { tenants, users }: PendingExceptions): SqlStatement {
  const [ofTenants, names] = [users.map(({ tenant }) => tenant), users.map(({ user }) => user)];
  return { text: pendingText, parameters: [limit, tenants, ofTenants, names] };
}

// In one order everywhere, so that two who apply for the same users do not wait for each other.
const lockText = `
WITH locked AS (
  SELECT 1 FROM user_state s JOIN unnest($1::text[], $2::text[]) AS g(tenant, user_id)
    ON s.tenant = g.tenant AND s.user_id = g.user_id
  ORDER BY s.tenant, s.user_id FOR UPDATE OF s
)
SELECT count(*) FROM locked HAVING count(*) = $3`;

const markText = `
WITH marked AS (
  UPDATE event AS e SET applied = true
  FROM unnest($1::text[], $2::text[], $3::text[]) AS g(tenant, user_id, event_id)
  WHERE e.tenant = g.tenant AND e.event_id = g.event_id AND e.user_id = g.user_id AND NOT e.applied
  RETURNING 1
)
SELECT count(*) FROM marked HAVING count(*) = $4`;

/** Guards: the users are there, and every one of the events is its user's and was not applied before. */
export function markApplied(deltas: readonly EventDelta[]): SqlStatement[] {
  const events = deltas.flatMap(({ tenant, user, eventIds }) => eventIds.map((id) => ({ tenant, user, id })));
  const columns = (rows: readonly { readonly tenant: string; readonly user: string }[]) => [
    rows.map(({ tenant }) => tenant),
    rows.map(({ user }) => user),
  ];
  return [
    { text: lockText, parameters: [...columns(deltas), deltas.length], guard: true },
    {
      text: markText,
      parameters: [...columns(events), events.map(({ id }) => id), events.length],
      guard: true,
    },
  ];
}

const listText = `SELECT ${eventColumns} FROM event e
  WHERE e.tenant = $1 AND e.user_id = $2 AND ($3::text IS NULL OR e.arrival > (
    SELECT a.arrival FROM event a WHERE a.tenant = $1 AND a.event_id = $3 AND a.user_id = $2))
  ORDER BY e.arrival LIMIT $4`;

export function userEvents(tenant: string, user: string, after: string | null, limit: number): SqlStatement {
  return { text: listText, parameters: [tenant, user, after, limit] };
}
