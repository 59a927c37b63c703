/** Worker thread of the tfjs scoring backends: loads the kernels, says so, keeps tables as tensors, answers in order. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { KernelsAbsent, loadKernels, type Tfjs } from './kernels.ts';
import { scoreGraph } from './rerank-graph.ts';
import type {
  FillOrder,
  RerankOrder,
  RerankReport,
  RerankWorkerData,
  ScoreOrder,
} from './rerank-messages.ts';
import { ResidentRows } from './resident-rows.ts';

const port = parentPort;
if (port === null) throw new Error('rerank-worker runs in a worker thread only');

const { kind, folder } = workerData as RerankWorkerData;
const tables = new Map<number, ResidentRows>();

await start(port);

async function start(to: MessagePort): Promise<void> {
  let tfjs: Tfjs;
  try {
    tfjs = await loadKernels(kind, folder);
  } catch (error) {
    if (!(error instanceof KernelsAbsent)) throw error;
    // Without a listener the thread ends by itself.
    to.postMessage({ kind: 'absent', reason: error.message } satisfies RerankReport);
    return;
  }
  // A failure ends the worker, as an unhandled error: the parent sees it and starts a fresh one.
  to.on('message', (order: RerankOrder) => follow(tfjs, order, to));
  to.postMessage({ kind: 'ready' } satisfies RerankReport);
}

function follow(tfjs: Tfjs, order: RerankOrder, to: MessagePort): void {
  switch (order.kind) {
    case 'fill':
      fill(tfjs, order);
      break;
    case 'update':
      tables.get(order.table)!.update(order);
      break;
    case 'drop':
      tables.get(order.table)?.dispose();
      tables.delete(order.table);
      break;
    case 'score':
      answer(tfjs, order, to);
      break;
  }
}

function fill(tfjs: Tfjs, order: FillOrder): void {
  let rows = tables.get(order.table);
  if (rows === undefined) {
    rows = new ResidentRows(tfjs, order.dimension);
    tables.set(order.table, rows);
  }
  rows.fill(order);
}

function answer(tfjs: Tfjs, order: ScoreOrder, to: MessagePort): void {
  const scores = scoreGraph(tfjs, tables.get(order.table) ?? null, order);
  const { numTensors } = tfjs.memory();
  // The kernels may lend a view of their own memory: what moves is a copy.
  const own = scores.slice();
  const report: RerankReport = { kind: 'scores', scores: own, tensorCount: numTensors };
  to.postMessage(report, [own.buffer as ArrayBuffer]);
}
