import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { RowBatch } from '../../src/adapters/milvus/document-rows.ts';
import { MilvusFailure } from '../../src/adapters/milvus/milvus-answer.ts';
import { WriteThread } from '../../src/adapters/milvus/write-thread.ts';
import { limits } from '../../src/limits.ts';
import { turn } from '../support/store-caller-fixture.ts';

/** Takes connections and says nothing: a write to it stays under way. */
const silent: Server = createServer((socket) => {
  socket.on('error', () => {});
  sockets.add(socket);
});
const sockets = new Set<Socket>();
const threads: Worker[] = [];
const keep = (worker: Worker) => void threads.push(worker);

beforeAll(async () => {
  process.on('worker', keep);
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
});
afterAll(() => {
  process.off('worker', keep);
  for (const socket of sockets) socket.destroy();
  silent.close();
});
beforeEach(() => threads.splice(0));

function open() {
  let nowMs = 0;
  const thread = new WriteThread(
    {
      ...{ address: `127.0.0.1:${(silent.address() as AddressInfo).port}`, database: null },
      ...{ credentials: { kind: 'none' }, tls: false, ca: null },
    },
    () => nowMs,
  );
  const batch = (): RowBatch => ({
    rows: [{ pk: 'k', tenant: 't', id: 'a', version: 1 }],
    vectors: new Float32Array([1, 0, 0]),
    deletions: [],
  });
  const write = () => thread.write('films', 3, batch(), 60_000);
  /** A write that has reached the server. */
  const begun = async () => {
    const connected = once(silent, 'connection');
    const writing = write();
    writing.catch(() => {});
    await connected;
    return { writing };
  };
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { thread, write, begun, pass };
}

it('fails the writes of a thread that ends, and starts another after a pause', async () => {
  const { thread, write, begun, pass } = open();
  const { writing } = await begun();
  const second = write();
  await threads[0]!.terminate();
  for (const lost of [writing, second]) {
    await expect(lost).rejects.toThrow(/the thread that writes failed: it ended/);
    await expect(lost).rejects.toBeInstanceOf(MilvusFailure);
  }
  // Nothing is started for a moment, or a thread that cannot live would be started over and over.
  for (const attempt of [write, () => thread.ready()])
    await expect(attempt()).rejects.toMatchObject({ code: 'unavailable' });
  expect(threads.length).toBe(1);
  pass(limits.loopPauseMsMax);
  const { writing: next } = await begun();
  expect(threads.length).toBe(2);
  await thread.close();
  await expect(next).rejects.toMatchObject({ code: 'unavailable' });
  await expect(write()).rejects.toMatchObject({ code: 'unavailable' });
  expect(threads.length).toBe(2);
});

it('waits longer each time that a thread ends before it has answered anything', async () => {
  const { thread, write, pass } = open();
  const lost: Promise<unknown>[] = [];
  const begin = async () => {
    lost.push(write().catch((error: unknown) => error));
    // A thread that was started is told of in the next turn.
    await turn();
  };
  /** Ends the thread; how long it takes until another is started. */
  const pause = async () => {
    const before = threads.length;
    await threads.at(-1)!.terminate();
    let ms = 0;
    for (; threads.length === before; ms += 10) {
      pass(10);
      await begin();
    }
    return ms;
  };
  await begin();
  const pauses: number[] = [];
  for (let ends = 0; ends < 5; ends++) pauses.push(await pause());
  expect(pauses).toEqual([100, 200, 400, 800, 1_600]);
  // What the server does to a write is the thread's answer too.
  const answered = lost.at(-1);
  silent.on('connection', (socket) => socket.destroy());
  for (const socket of sockets) socket.destroy();
  expect(await answered).toMatchObject({ code: 14 });
  expect(await pause()).toBe(100);
  await thread.close();
  for (const error of await Promise.all(lost)) expect(error).toBeInstanceOf(Error);
});
