import { rmSync } from 'node:fs';
import { down, type Engine, engines, env, up } from '../../../scripts/engines/all.mjs';
import { killTree, signalTree } from '../../../scripts/engines/process.mjs';
import { type EngineSet, openSet } from '../../../scripts/engines/set.mjs';
import type { StoreName } from '../../../src/ports/store-caller.ts';
import { openFullBacklog } from './full-backlog.ts';
import { type FaultProxy, openFaultProxy, type Stream, type Toxic } from './toxiproxy.ts';

/** What can be wrong with a store, as its client sees it. */
export const faultKinds = [
  /** Nobody listens; what was connected is closed. */
  'refused',
  /** Connections stay open and carry nothing. */
  'blackhole',
  /** What was connected is closed; connecting anew hangs. */
  'unreachable',
  /** Every answer comes later than a request may take. */
  'latency',
  /** Connections are reset as soon as data flows. */
  'reset',
  /** Answers arrive in small pieces with pauses. */
  'slow_drip',
  /** The server's processes are stopped (SIGSTOP); the kernel still accepts connections. */
  'frozen',
  /** The server is killed (SIGKILL), and started again at the end. */
  'killed',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** `begin` makes it so, `end` makes it good; each resolves when it is so. */
export interface Fault {
  readonly name: string;
  begin(): Promise<void>;
  end(): Promise<void>;
}

/** Servers of their own, reached only through proxies in which things can be made to go wrong. */
export interface FaultyStores {
  /** The settings `TRIPTYCH_...` by which a service reaches the stores through the proxies. */
  readonly env: Readonly<Record<string, string>>;
  fault(store: StoreName, kind: FaultKind): Fault;
  /** Answers of the store come so much later. */
  delay(store: StoreName, latencyMs: number): Fault;
  /** Takes the proxies away and ends the servers. */
  close(): Promise<void>;
}

/** Longer than any request of these suites may take. */
const lateMs = 1_500;

/** 32 bytes every 20 ms: 1.6 kB a second, an answer of a store takes seconds. */
const drip: Toxic = {
  type: 'slicer',
  attributes: { average_size: 32, size_variation: 16, delay: 20_000 },
};

const setOptions = {
  dir: '.engines/faults',
  // Another one where two checkouts run such suites at once.
  portOffset: Number(process.env.TRIPTYCH_TEST_FAULTS_PORT_OFFSET ?? 400),
};

/**
 * Starts them without data.
 * @param say takes the progress of installing and starting
 */
export async function startFaultyStores(
  stores: readonly StoreName[],
  say: (line: string) => void,
): Promise<FaultyStores> {
  await down(openSet(setOptions), Object.keys(engines));
  rmSync(setOptions.dir, { recursive: true, force: true });
  const set = openSet({ ...setOptions, say });
  const outcomes = await up(set, [...stores, 'toxiproxy']);
  const failed = outcomes.filter(({ failure }) => failure !== null);
  const stop = () => down(set, [...stores, 'toxiproxy']);
  if (failed.length > 0) {
    await stop();
    throw new Error(failed.map(({ name, failure }) => `${name} is not available: ${failure}`).join('; '));
  }
  const url = env(set, ['toxiproxy']).TRIPTYCH_TEST_TOXIPROXY_URL ?? '';
  const proxies = new Map<StoreName, FaultProxy>();
  // Names of their own: what a run that was broken off left behind does not matter.
  for (const store of stores)
    proxies.set(
      store,
      await openFaultProxy(url, `${store}-${process.pid}-${Date.now()}`, portOf(set, store)),
    );
  const proxyOf = (store: StoreName): FaultProxy => {
    const proxy = proxies.get(store);
    if (proxy === undefined) throw new Error(`${store} was not started`);
    return proxy;
  };
  return {
    env: Object.fromEntries(
      stores.flatMap((store) => proxied(env(set, [store]), portOf(set, store), proxyOf(store).port)),
    ),
    fault: (store, kind) => faultOf({ set, engine: engineOf(store), proxy: proxyOf(store), kind }),
    delay: (store, latencyMs) => ({
      name: `${store} ${latencyMs} ms later`,
      ...toxicFault(proxyOf(store), [
        [{ type: 'latency', attributes: { latency: latencyMs } }, 'downstream'],
      ]),
    }),
    async close() {
      for (const proxy of proxies.values()) await proxy.delete().catch(() => {});
      await stop();
    },
  };
}

function engineOf(store: StoreName): Engine {
  const engine = engines[store];
  if (engine === undefined) throw new Error(`no engine is called ${store}`);
  return engine;
}

function portOf(set: EngineSet, store: StoreName): number {
  return set.port(engineOf(store).ports.main);
}

/** Settings of the service with the proxy's port; what only tests need is not for it. */
function proxied(
  settings: Readonly<Record<string, string>>,
  port: number,
  through: number,
): [string, string][] {
  return Object.entries(settings)
    .filter(([name]) => !name.startsWith('TRIPTYCH_TEST_'))
    .map(([name, value]) => [name, value.replace(`127.0.0.1:${port}`, `127.0.0.1:${through}`)]);
}

interface FaultParts {
  readonly set: EngineSet;
  readonly engine: Engine;
  readonly proxy: FaultProxy;
  readonly kind: FaultKind;
}

function faultOf(parts: FaultParts): Fault {
  return { name: `${parts.engine.name} ${parts.kind}`, ...stepsOf(parts) };
}

function stepsOf({ set, engine, proxy, kind }: FaultParts): Omit<Fault, 'name'> {
  switch (kind) {
    case 'refused':
      return { begin: () => proxy.setEnabled(false), end: () => proxy.setEnabled(true) };
    case 'blackhole': {
      const silence: Toxic = { type: 'timeout', attributes: { timeout: 0 } };
      return toxicFault(proxy, [
        [silence, 'upstream'],
        [silence, 'downstream'],
      ]);
    }
    case 'unreachable':
      return unreachable(proxy);
    case 'latency':
      return toxicFault(proxy, [[{ type: 'latency', attributes: { latency: lateMs } }, 'downstream']]);
    case 'reset':
      return toxicFault(proxy, [[{ type: 'reset_peer', attributes: { timeout: 0 } }, 'downstream']]);
    case 'slow_drip':
      return toxicFault(proxy, [[drip, 'downstream']]);
    case 'frozen':
      return {
        begin: async () => signalTree(pidOf(set, engine), 'SIGSTOP'),
        end: async () => signalTree(pidOf(set, engine), 'SIGCONT'),
      };
    case 'killed':
      return {
        begin: () => killTree(pidOf(set, engine)),
        async end() {
          await engine.start(set);
          await engine.waitReady(set);
        },
      };
  }
}

function toxicFault(proxy: FaultProxy, toxics: readonly (readonly [Toxic, Stream])[]): Omit<Fault, 'name'> {
  let added: string[] = [];
  return {
    async begin() {
      for (const [toxic, stream] of toxics) added.push(await proxy.add(toxic, stream));
    },
    async end() {
      for (const name of added) await proxy.remove(name);
      added = [];
    },
  };
}

/** The proxy gives its port to a listener that takes nobody. */
function unreachable(proxy: FaultProxy): Omit<Fault, 'name'> {
  let hole: { close(): Promise<void> } | null = null;
  return {
    async begin() {
      await proxy.setEnabled(false);
      hole = await openFullBacklog(proxy.port);
    },
    async end() {
      await hole?.close();
      hole = null;
      await proxy.setEnabled(true);
    },
  };
}

function pidOf(set: EngineSet, engine: Engine): number {
  const pid = engine.pid(set);
  if (pid === null) throw new Error(`${engine.name} does not run`);
  return pid;
}
