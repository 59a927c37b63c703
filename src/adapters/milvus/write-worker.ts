/**
 * Worker thread that writes to Milvus: the SDK turns every number of a vector into an object of its own on the way, 60 to
 * 120 ms for 100 rows, which no search should wait for. Vectors come as one block and become arrays here.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { TriptychError } from '../../errors.ts';
import { failureOf, MilvusFailure } from './milvus-answer.ts';
import { MilvusConnection } from './milvus-connection.ts';
import { deleteRows, upsertRows } from './mutations.ts';
import type { WriteFailure, WriteOrder, WriteReport, WriterData } from './write-messages.ts';

const port = parentPort;
if (port === null) throw new Error('write-worker runs in a worker thread only');

const { server } = workerData as WriterData;
const connection = new MilvusConnection(server, { nowMs: () => performance.now() });

port.on('message', (order: WriteOrder) => void follow(order, port));
await connection.load();
port.postMessage({ kind: 'ready' } satisfies WriteReport);

async function follow(order: WriteOrder, to: MessagePort): Promise<void> {
  try {
    await write(order);
    to.postMessage({ kind: 'written', id: order.id } satisfies WriteReport);
  } catch (error) {
    to.postMessage({ kind: 'failed', id: order.id, failure: plain(error) } satisfies WriteReport);
  }
}

async function write(order: WriteOrder): Promise<void> {
  const endMs = performance.now() + order.timeoutMs;
  if (order.deletions.length > 0)
    await connection.call((client) =>
      deleteRows(client, order.collection, order.deletions, endMs - performance.now()),
    );
  if (order.rows.length === 0) return;
  const { dimension, vectors } = order;
  const rows = order.rows.map((row, i) => ({
    ...row,
    embedding: Array.from(vectors.subarray(i * dimension, (i + 1) * dimension)),
  }));
  await connection.call((client) => upsertRows(client, order.collection, rows, endMs - performance.now()));
}

function plain(error: unknown): WriteFailure {
  const failure = failureOf(error);
  const { message } = failure;
  if (failure instanceof MilvusFailure)
    return { message, status: failure.status, code: failure.code, overloaded: false };
  const overloaded = failure instanceof TriptychError && failure.code === 'overloaded';
  return { message, status: null, code: null, overloaded };
}
