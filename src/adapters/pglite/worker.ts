import { parentPort, workerData } from 'node:worker_threads';
import { openEngine } from './engine.ts';
import { decodeTextExactly } from './exact-text.ts';
import type { WorkerAnswer, WorkerData, WorkerRequest } from './worker-protocol.ts';

const port = parentPort;
if (port === null) throw new Error('this file is the entry of a worker thread');

function answer(message: WorkerAnswer, transfer: readonly ArrayBuffer[] = []): void {
  port!.postMessage(message, transfer);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

try {
  decodeTextExactly();
  const engine = await openEngine((workerData as WorkerData).folder);
  let tail: Promise<void> = Promise.resolve();
  port.on('message', (request: WorkerRequest) => {
    tail = tail.then(() => handle(request)).catch(fail);
  });
  answer({ kind: 'opened' });

  async function handle(request: WorkerRequest): Promise<void> {
    if (request.kind === 'close') {
      await engine.close();
      answer({ kind: 'closed' });
      port!.close();
      return;
    }
    const outcome = await engine.run(request.statements, request.scope);
    if ('failure' in outcome) answer({ kind: 'refused', id: request.id, failure: outcome.failure });
    else answer({ kind: 'rows', id: request.id, results: outcome.results }, [outcome.bytes]);
  }
} catch (error) {
  fail(error);
}

/** The state of an engine that threw anything but an SQL error is unknown: it is not used again. */
function fail(error: unknown): void {
  answer({ kind: 'failed', failure: { sqlState: null, message: messageOf(error) } });
  port!.close();
  // Pending handles of the engine must not keep the thread.
  setImmediate(() => process.exit(1));
}
