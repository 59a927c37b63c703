import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PgliteClient } from '../../src/adapters/pglite/pglite-client.ts';
import { migrate } from '../../src/adapters/sql/migrate.ts';
import { migrations } from '../../src/adapters/sql/migrations.ts';
import { SqlEventLog } from '../../src/adapters/sql/sql-event-log.ts';
import { SqlPolicyStore } from '../../src/adapters/sql/sql-policy-store.ts';
import { emptyUserState, type UserState } from '../../src/domain/user-state.ts';
import { limits } from '../../src/limits.ts';
import { eventOf } from '../support/user-states.ts';
import { WatchedClient } from '../support/watched-client.ts';

describe('what users and their events cost the engine', () => {
  let engine: PgliteClient;
  let client: WatchedClient;
  let log: SqlEventLog;
  let tenants = 0;
  beforeAll(async () => {
    engine = await PgliteClient.open(null);
    // A database of the version before, with something in it.
    await migrate(engine, migrations.slice(0, 1));
    await engine.run(
      [{ text: `INSERT INTO generation_counter VALUES ('kept', 7)`, parameters: [] }],
      'owner',
    );
    await migrate(engine);
  }, 120_000);
  afterAll(() => engine.close());

  function open(selfVacuuming: boolean): string {
    client = new WatchedClient(engine);
    log = new SqlEventLog(client, { selfVacuuming });
    return `engine tenant ${tenants++}`;
  }

  async function appendMany(tenant: string, count: number, user = 'u'): Promise<string[]> {
    const events = Array.from({ length: count }, (_, i) => eventOf(`${user} ${i}`, { user }));
    await log.append([{ tenant, events }], 1);
    return events.map(({ eventId }) => eventId);
  }

  const valuesOf = (count: number): UserState => ({
    ...emptyUserState,
    newestMs: 1,
    learned: new Map([
      [
        'tags',
        new Map(
          Array.from({ length: count }, (_, i) => [`v${i}`, { rewards: 1, evidence: i + 1, refMs: 1 }]),
        ),
      ],
    ]),
  });

  it('is added to a database of the version before', async () => {
    const [rows] = await engine.run(
      [{ text: 'SELECT tenant, last FROM generation_counter', parameters: [] }],
      'owner',
    );
    expect(rows).toEqual([['kept', '7']]);
  });

  it('is one round trip for a head, an append and an application', async () => {
    const tenant = open(true);
    const ids = await appendMany(tenant, 3);
    expect(client.runs).toBe(1);
    await log.apply(tenant, 'u', ids, valuesOf(5));
    expect(client.runs).toBe(2);
    const others = await Promise.all(['v', 'w'].map((user) => appendMany(tenant, 2, user)));
    const deltas = others.map((eventIds, i) => ({ tenant, user: 'vw'[i]!, eventIds, delta: valuesOf(3) }));
    client.texts.length = 0;
    expect(await log.applyAll(deltas)).toBe(true);
    // As many statements for many users as for one.
    expect([client.runs, client.texts.length]).toEqual([5, 4]);
    client.texts.length = 0;
    await new SqlPolicyStore(client).head(tenant, 'u', 'kids');
    expect(client.runs).toBe(6);
    // One statement, so that it is of one moment also where others write.
    expect(client.texts.filter((text) => text.includes('user_policy'))).toHaveLength(1);
  });

  it('does not grow with the applied events when nothing is pending', async () => {
    const tenant = open(true);
    for (let i = 0; i < 4; i += 1) {
      const ids = await appendMany(tenant, 1_000, `u${i}`);
      await log.apply(tenant, `u${i}`, ids, emptyUserState);
    }
    await engine.run([{ text: 'VACUUM (ANALYZE) event', parameters: [], lengthy: true }], 'owner');
    client.texts.length = 0;
    await log.pending(500);
    const [plan] = await engine.run(
      [{ text: `EXPLAIN ${client.texts[0]}`, parameters: [500, [], [], []] }],
      'owner',
    );
    expect(plan!.join('\n')).toContain('event_pending');
  });

  it('reads the values with the most evidence where there are more than the bound', async () => {
    const tenant = open(true);
    const ids = await appendMany(tenant, 2);
    const recent: UserState = {
      ...emptyUserState,
      learned: new Map([['tags', new Map([['recent', { rewards: 1, evidence: 1e-3, refMs: 1e13 }]])]]),
    };
    await log.apply(tenant, 'u', ids.slice(0, 1), valuesOf(limits.userValuesMax + 2));
    await log.apply(tenant, 'u', ids.slice(1), recent);
    const values = (await log.state(tenant, 'u')).learned.get('tags')!;
    expect(values.size).toBe(limits.userValuesMax);
    // A thousandth of now is more than what was learned three hundred years ago.
    expect(values.has('recent')).toBe(true);
    expect(['v0', 'v1', 'v2', 'v3'].map((value) => values.has(value))).toEqual([false, false, false, true]);
  });

  it('tells the planner what the tables hold, and gives the room of rewritten rows back', async () => {
    const tenant = open(false);
    await appendMany(tenant, limits.analyzeAfterRows - 1, 'a');
    expect(client.count(/ANALYZE/)).toBe(0);
    await appendMany(tenant, 1, 'b');
    const analyzed = () => client.texts.filter((text) => text.startsWith('ANALYZE'));
    const each = ['event', 'user_state', 'user_document', 'user_value'].map((table) => `ANALYZE ${table}`);
    await expect.poll(analyzed, { timeout: 20_000 }).toEqual(expect.arrayContaining(each));
    const events = await appendMany(tenant, 3, 'c');
    for (const id of events) await log.apply(tenant, 'c', [id], valuesOf(limits.vacuumAfterRows / 2));
    await expect.poll(() => client.count(/^VACUUM \(ANALYZE\) event$/), { timeout: 20_000 }).toBe(1);
  }, 60_000);

  it('leaves the tables to an engine that looks after them itself', async () => {
    const tenant = open(true);
    await appendMany(tenant, 2 * limits.analyzeAfterRows);
    expect(client.count(/ANALYZE/)).toBe(0);
  });
});
