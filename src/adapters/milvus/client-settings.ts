import type { ClientConfig } from '@zilliz/milvus2-sdk-node';
import { limits } from '../../limits.ts';

/** Where Milvus is and who asks it; plain, so that a worker thread can be given it. */
export interface MilvusServer {
  /** `host:port` */
  readonly address: string;
  readonly database: string | null;
  readonly credentials:
    | { readonly kind: 'none' }
    | { readonly kind: 'password'; readonly user: string; readonly password: string }
    | { readonly kind: 'token'; readonly token: string };
  readonly tls: boolean;
  /** PEM of the authorities to trust; null: those of the system. */
  readonly ca: string | null;
}

/**
 * Settings of the SDK's client. Nothing is left to its defaults that would hang, retry behind our back, report to
 * somebody or write whole requests to a log.
 */
export function clientSettings(server: MilvusServer): ClientConfig {
  const { credentials } = server;
  return {
    address: server.address,
    ...(server.database === null ? {} : { database: server.database }),
    ...(credentials.kind === 'password'
      ? { username: credentials.user, password: credentials.password }
      : {}),
    ...(credentials.kind === 'token' ? { token: credentials.token } : {}),
    ssl: server.tls,
    ...(server.tls && server.ca !== null ? { tls: { rootCert: Buffer.from(server.ca) } } : {}),
    // A connection is made by the first call. The constructor would make one at once, end the process where that fails,
    // and hold the failure against later calls.
    __SKIP_CONNECT__: true,
    isGlobal: false,
    // Every call has a time of its own; this one is for those that the SDK makes by itself.
    timeout: limits.milvusAskMs,
    maxRetries: 0,
    trace: false,
    telemetry: { enabled: false },
    // Unset, it is `debug` wherever NODE_ENV is `test` or `debug`, for all clients of the process.
    logLevel: 'warn',
    pool: {
      min: limits.milvusPoolMin,
      max: limits.milvusPoolMax,
      acquireTimeoutMillis: limits.milvusAcquireMs,
      maxWaitingClients: limits.milvusWaitingMax,
      // The one used last: as many connections as there are calls at once, and those warm.
      fifo: false,
    },
    channelOptions: {
      // Otherwise a client made in place of a broken one would share its broken connections.
      'grpc.use_local_subchannel_pool': 1,
      // The SDK's 10 s without calls make strict proxies hang up.
      'grpc.keepalive_time_ms': 55_000,
      'grpc.keepalive_timeout_ms': 5_000,
      'grpc.initial_reconnect_backoff_ms': 100,
      // 120 s unless set: so long a server would be back before anybody looks.
      'grpc.max_reconnect_backoff_ms': 2_000,
    },
  };
}
