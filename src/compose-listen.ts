import { makeKey } from './adapters/keys-file/edit-keys-file.ts';
import { KeyTable } from './adapters/keys-file/key-table.ts';
import type { KeysFile } from './adapters/keys-file/keys-file.ts';
import { MemoryRateLimiter } from './adapters/memory/memory-rate-limiter.ts';
import type { PromMeter } from './adapters/prom/prom-meter.ts';
import type { Config } from './config/schema.ts';
import type { HttpAppOptions } from './http/app.ts';
import { readPageFiles } from './http/page-files.ts';
import { createHttpServer } from './http/server.ts';
import { limits } from './limits.ts';
import type { Clock } from './ports/clock.ts';
import type { Logger } from './ports/logger.ts';
import type { Triptych } from './ports/triptych.ts';

export interface ListenParts {
  readonly service: Triptych;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: PromMeter;
  /** Of the program. */
  readonly version: string;
}

/** A server that listens; `close` ends what is in flight, then the service. */
export interface Listening {
  readonly url: string;
  close(): Promise<void>;
}

/** Where a server that listens on every address is found from this machine. */
const ownName: ReadonlyMap<string, string> = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['[::]', '[::1]'],
]);

/** Serves at the configured host and port; without keys everybody who reaches it acts as `tenant`. */
export function listen(
  { host, port }: Pick<Config, 'host' | 'port'>,
  parts: ListenParts,
  access: { readonly keys: KeysFile | null; readonly tenant: string },
): Promise<Listening> {
  const named = host.includes(':') ? `[${host}]` : host;
  // Without keys the Host header is what keeps a web page from reaching the service through a name of its own.
  const who =
    access.keys === null
      ? { tenant: access.tenant, hosts: ['localhost', '127.0.0.1', '[::1]', named] }
      : { keys: { ring: access.keys, rates: new MemoryRateLimiter() } };
  return open({ host, port }, ownName.get(named) ?? named, parts, { ...who, page: readPageFiles() });
}

/** Serves on a free port of this machine to whoever has `key`, which may do everything as `tenant`. */
export async function listenAlone(
  tenant: string,
  parts: ListenParts,
): Promise<Listening & { readonly key: string }> {
  const rate = limits.keyRatePerSecondMax;
  const request = { id: 'own', tenant, scopes: ['admin'], rate_per_second: rate, burst: rate };
  const { secret: key, entry } = makeKey(request);
  const who = { keys: { ring: new KeyTable([entry]), rates: new MemoryRateLimiter() } };
  const host = '127.0.0.1';
  return { ...(await open({ host, port: 0 }, host, parts, who)), key };
}

async function open(
  at: { readonly host: string; readonly port: number },
  name: string,
  parts: ListenParts,
  who: Pick<HttpAppOptions, 'keys' | 'tenant' | 'hosts' | 'page'>,
): Promise<Listening> {
  const { service, clock, logger, meter, version } = parts;
  const http = createHttpServer({ triptych: service, clock, logger, meter, version, ...who });
  const { port } = await http.listen(at.port, at.host);
  return {
    url: `http://${name}:${port}`,
    close: async () => {
      await http.drain();
      await service.close();
    },
  };
}
