import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { afterEach, expect, it } from 'vitest';
import { MilvusConnection } from '../../src/adapters/milvus/milvus-connection.ts';
import { limits } from '../../src/limits.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { turn } from '../support/store-caller-fixture.ts';

const { milvusSilentCallsMax: callsMax, milvusSilentMsMax: msMax } = limits;

// The SDK's own client, which asks nothing until it is told to: what becomes of calls is decided here.
let connection: MilvusConnection;
afterEach(() => connection.close());

function open() {
  const clock = new FakeClock();
  const reasons: string[] = [];
  connection = new MilvusConnection(
    {
      ...{ address: '127.0.0.1:1', database: null, credentials: { kind: 'none' } },
      ...{ tls: false, ca: null },
    },
    { nowMs: () => clock.nowMs(), onReplaced: (reason) => reasons.push(reason) },
  );
  const answer = (): Promise<MilvusClient> => connection.call(async (client) => client);
  const failWith = (code: number, message = 'the line is dead') =>
    expect(
      connection.call(() => Promise.reject(Object.assign(new Error(message), { code }))),
    ).rejects.toMatchObject({ code });
  /** Calls without an answer, one after another, the last of them `ms` after the first. */
  const silence = async (calls: number, ms: number) => {
    for (let i = 0; i < calls; i++) {
      if (i > 0) clock.hold(ms / (calls - 1));
      await failWith(i % 2 === 0 ? 14 : 4, `${i}`);
    }
  };
  return { clock, reasons, answer, failWith, silence };
}

it('gives its client up when calls in a row got no answer for a while, and says so', async () => {
  const { reasons, answer, silence } = open();
  const first = await answer();
  expect(await answer()).toBe(first);
  await silence(callsMax, msMax);
  expect(reasons).toEqual([`${callsMax - 1}`]);
  expect(connection.generation).toBe(1);
  const second = await answer();
  expect(second).not.toBe(first);
  // Connections of its own; what messages are made of is not read again.
  expect(second.channelPool).not.toBe(first.channelPool);
  const definitions = (client: MilvusClient) => Reflect.get(client, '_MilvusService');
  expect(definitions(second)).toBe(definitions(first));
  // Made before the old one was closed: it can be asked, and closed, itself.
  expect([Reflect.get(second, 'closed'), Reflect.get(second, 'closePromise')]).toEqual([false, undefined]);
  // The row begins anew with each client.
  await silence(callsMax - 1, msMax);
  expect([await answer(), connection.generation]).toEqual([second, 1]);
});

it('keeps its client through a row that is short, or soon over', async () => {
  const { reasons, answer, silence, clock } = open();
  const first = await answer();
  await silence(callsMax - 1, 10 * msMax);
  await answer();
  await silence(4 * callsMax, msMax - 1);
  clock.hold(10 * msMax);
  await answer();
  await silence(callsMax - 1, msMax);
  expect(await answer()).toBe(first);
  expect(reasons).toEqual([]);
});

it('takes a refusal for an answer', async () => {
  const { reasons, answer, failWith, silence, clock } = open();
  const first = await answer();
  for (let i = 0; i < 5; i++) {
    await silence(callsMax - 1, msMax);
    clock.hold(msMax);
    // 12: the server does not know the call.
    await failWith(12);
  }
  expect(await answer()).toBe(first);
  expect(reasons).toEqual([]);
});

it('does not hold against a new client what calls of the one before meet', async () => {
  const { answer, silence, reasons, clock } = open();
  const late: ((reason: Error) => void)[] = [];
  const old = Array.from({ length: 2 * callsMax }, () =>
    connection.call(() => new Promise<never>((_, reject) => late.push(reject))).catch(() => {}),
  );
  await answer();
  await silence(callsMax, msMax);
  const second = await answer();
  for (const reject of late) {
    clock.hold(msMax);
    reject(Object.assign(new Error('cancelled'), { code: 1 }));
    await turn();
  }
  await Promise.all(old);
  expect(await answer()).toBe(second);
  expect(reasons.length).toBe(1);
});
