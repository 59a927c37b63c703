/**
 * A process of its own that appends and applies events for ever, for a test that kills it: event-child.mjs DIR SEED.
 * Lines on stdout, each written at once:
 *   log ID...                  events that the log holds after opening
 *   state USER (same|differs)  whether the user's state is what the log's applied events amount to; once as it was
 *                              found, once after everything pending was applied
 *   ready
 *   begin ID...                before a call with these events, some of which were sent before
 *   ack ACCEPTED DUPLICATES    after it
 *   applied COUNT              after events became part of a state
 */
import { openPglite } from '../../dist/adapters/pglite/open-pglite.js';
import { systemClock } from '../../dist/adapters/system/system-clock.js';
import { learnFrom } from '../../dist/domain/user-learning.js';
import { say } from './say.mjs';

const [dataDir, seed] = process.argv.slice(2);
const tenant = 'killed';
const users = ['u0', 'u1', 'u2'];
const types = ['like', 'dislike', 'click', 'complete', 'view', 'skip', 'hide', 'impression'];
const epochMs = Date.parse('2026-01-01');

/** Small pseudo-random generator (mulberry32), so that a cycle can be run again. */
function generator(from) {
  let state = from >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The event of an id: the same whenever it is sent. */
function eventOf(eventId) {
  const random = generator(
    [...eventId].reduce((hash, char) => Math.imul(hash ^ char.charCodeAt(0), 16777619), 7),
  );
  const pick = (list) => list[Math.floor(random() * list.length)];
  return {
    eventId,
    user: pick(users),
    document: pick(['a', 'b', 'c', 'unknown']),
    type: pick(types),
    value: null,
    context: null,
    atMs: epochMs - Math.floor(random() * 4e10),
    requestId: null,
  };
}

const documents = new Map([
  ['a', { embedding: Float32Array.of(1, 0, 0, 0), facets: { genres: ['Drama'], tags: ['war'] } }],
  ['b', { embedding: Float32Array.of(0.6, 0.8, 0, 0), facets: { genres: ['Drama', 'Comedy'] } }],
  ['c', { embedding: Float32Array.of(0, 0, 0.6, -0.8), facets: { tags: ['robot', 'war'] } }],
]);
const learn = (events) => learnFrom(events, (id) => documents.get(id) ?? null, '4:test');

/** Everything of a state that must agree exactly, and its sums with what 1e-9 is relative to. */
function parts(state) {
  const exact = [state.newestMs, state.taste?.refMs ?? null];
  const sums = [...(state.taste?.sum ?? [])].map((sum) => [sum, 1]);
  const named = [];
  for (const [id, { seen, hidden, affinity }] of state.documents)
    named.push([
      `document ${id}`,
      [seen, hidden, affinity?.refMs ?? null],
      [[affinity?.sum ?? 0, affinity?.sum ?? 0]],
    ]);
  for (const [facet, values] of state.learned)
    for (const [value, { rewards, evidence, refMs }] of values)
      named.push([
        `value ${facet} ${value}`,
        [refMs],
        [
          [rewards, evidence],
          [evidence, evidence],
        ],
      ]);
  named.sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, facts, amounts] of named) {
    exact.push(name, ...facts);
    sums.push(...amounts);
  }
  return { exact: JSON.stringify(exact), sums };
}

function same(actual, expected) {
  const [a, b] = [parts(actual), parts(expected)];
  if (a.exact !== b.exact || a.sums.length !== b.sums.length) return false;
  return a.sums.every(([sum], i) => Math.abs(sum - b.sums[i][0]) <= 1e-9 * b.sums[i][1]);
}

const { events: log } = await openPglite({ dataDir, clock: systemClock });

async function logged(user) {
  const events = [];
  for (;;) {
    const page = await log.events(tenant, user, events.at(-1)?.eventId ?? null, 1_000);
    events.push(...page);
    if (page.length === 0) return events;
  }
}

async function applyPending(eventsMax) {
  for (const { user, events } of await log.pending(eventsMax)) {
    const ids = events.map(({ eventId }) => eventId);
    if (await log.apply(tenant, user, ids, learn(events))) say('applied', ids.length);
  }
}

async function compareStates(byUser, pending) {
  for (const [user, events] of byUser) {
    const applied = events.filter(({ eventId }) => !pending.has(eventId));
    const state = await log.state(tenant, user);
    say('state', user, same(state, learn(applied)) ? 'same' : 'differs');
  }
}

const byUser = new Map();
for (const user of users) byUser.set(user, await logged(user));
const known = [...byUser.values()].flat().map(({ eventId }) => eventId);
for (let at = 0; at < known.length; at += 100) say('log', ...known.slice(at, at + 100));
const pending = (await log.pending(1_000_000)).flatMap(({ events }) => events);
await compareStates(byUser, new Set(pending.map(({ eventId }) => eventId)));
await applyPending(1_000_000);
await compareStates(byUser, new Set());
say('ready');

const random = generator(Number(seed));
let applying = Promise.resolve();
for (let step = 0; ; step += 1) {
  const size = [1, 2, 10, 60][Math.floor(random() * 4)];
  const ids = Array.from({ length: size }, (_, i) =>
    known.length > 0 && random() < 0.3
      ? known[known.length - 1 - Math.floor(random() * Math.min(known.length, 200))]
      : `${seed}.${step}.${i}`,
  );
  say('begin', ...ids);
  if (random() < 0.4) applying = applying.then(() => applyPending(1 + Math.floor(random() * 100)));
  const [{ accepted, duplicates }] = await log.append([{ tenant, events: ids.map(eventOf) }], epochMs);
  say('ack', accepted, duplicates);
  known.push(...ids);
}
