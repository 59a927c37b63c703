import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import { createHttpApp, type HttpAppOptions } from './app.ts';
import { answerClientError, noteRequest } from './client-error.ts';
import { Lifecycle } from './lifecycle.ts';

export interface HttpServer {
  /** The node server, for tests and for what else shares its socket. */
  readonly server: Server;
  /** Port 0 takes a free one. Rejects with the system's error, for example EADDRINUSE. */
  listen(port: number, host: string): Promise<AddressInfo>;
  /**
   * Takes no new connections, answers 503 on those that are open, waits for what is in flight (at most
   * limits.drainMsMax) and cuts the rest. `true`: nothing had to be cut. Call it once or more.
   */
  drain(): Promise<boolean>;
}

/** The app behind a node server with limits on everything a client could hold on to. */
export function createHttpServer(options: HttpAppOptions): HttpServer {
  const lifecycle = options.lifecycle ?? new Lifecycle();
  const app = createHttpApp({ ...options, lifecycle });
  const server = createServer({
    headersTimeout: limits.headersTimeoutMs,
    // Node would cut long uploads too, so bodies have clocks of their own (read-body, bounded-body).
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    // The app refuses a missing Host itself, with a problem document.
    requireHostHeader: false,
    connectionsCheckingInterval: 1_000,
  });
  server.maxConnections = limits.httpConnectionsMax;
  server.on('request', noteRequest);
  server.on('request', (_req, res) => {
    // Answers that began before the drain did not say `connection: close`, so their connections would stay.
    res.once('close', () => {
      if (lifecycle.draining) setImmediate(() => server.closeIdleConnections());
    });
  });
  server.on('request', app);
  // An expectation we do not know may be ignored (RFC 9110, 10.1.1).
  server.on('checkExpectation', app);
  server.on('clientError', answerClientError);
  let drained: Promise<boolean> | null = null;
  return {
    server,
    listen: (port, host) => listen(server, port, host),
    drain: () => {
      drained ??= drain(server, lifecycle, options.clock);
      return drained;
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

function drain(server: Server, lifecycle: Lifecycle, clock: Clock): Promise<boolean> {
  lifecycle.startDraining();
  if (!server.listening) return Promise.resolve(true);
  return new Promise((resolve) => {
    let cut = false;
    const cancel = clock.after(limits.drainMsMax, () => {
      cut = true;
      server.closeAllConnections();
    });
    server.close(() => {
      cancel();
      resolve(!cut);
    });
    server.closeIdleConnections();
  });
}
