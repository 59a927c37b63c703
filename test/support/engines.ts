import { dirname, join } from 'node:path';
import { describe, it } from 'vitest';
import { engines, env } from '../../scripts/engines/all.mjs';
import { openSet } from '../../scripts/engines/set.mjs';

/** How the suites of test/engines reach the real stores. Addresses are `host:port` or URLs as the settings take them. */
export interface Engines {
  readonly postgres: {
    /** Logins of triptych_app, triptych_worker and triptych_owner, at the database `triptych`. */
    readonly url: string;
    readonly workerUrl: string;
    readonly ownerUrl: string;
    /** A superuser, at the database `postgres`: for making databases. */
    readonly adminUrl: string;
    /** As `url`, at a name that the certificate has. */
    readonly tlsUrl: string;
    readonly caFile: string;
  };
  readonly redis: {
    readonly url: string;
    readonly password: string;
    readonly tlsUrl: string;
    readonly caFile: string;
  };
  readonly milvus: { readonly address: string; readonly user: string; readonly password: string };
  readonly 'milvus-tls': {
    readonly address: string;
    readonly user: string;
    readonly password: string;
    readonly caFile: string;
  };
  readonly neo4j: Neo4jEngine;
  readonly 'neo4j-2026': Neo4jEngine;
  readonly toxiproxy: { readonly url: string };
}

interface Neo4jEngine {
  readonly uri: string;
  readonly user: string;
  readonly password: string;
  readonly tlsUri: string;
  readonly caFile: string;
}

export type EngineName = keyof Engines;

/** The variable that holds each value; scripts/engines prints them. */
const variables: { readonly [N in EngineName]: { readonly [K in keyof Engines[N]]: string } } = {
  postgres: {
    url: 'TRIPTYCH_POSTGRES_URL',
    workerUrl: 'TRIPTYCH_POSTGRES_WORKER_URL',
    ownerUrl: 'TRIPTYCH_POSTGRES_OWNER_URL',
    adminUrl: 'TRIPTYCH_TEST_POSTGRES_ADMIN_URL',
    tlsUrl: 'TRIPTYCH_TEST_POSTGRES_TLS_URL',
    caFile: 'TRIPTYCH_TEST_POSTGRES_CA_FILE',
  },
  redis: {
    url: 'TRIPTYCH_REDIS_URL',
    password: 'TRIPTYCH_REDIS_PASSWORD',
    tlsUrl: 'TRIPTYCH_TEST_REDIS_TLS_URL',
    caFile: 'TRIPTYCH_TEST_REDIS_CA_FILE',
  },
  milvus: {
    address: 'TRIPTYCH_MILVUS_ADDRESS',
    user: 'TRIPTYCH_MILVUS_USER',
    password: 'TRIPTYCH_MILVUS_PASSWORD',
  },
  'milvus-tls': {
    address: 'TRIPTYCH_TEST_MILVUS_TLS_ADDRESS',
    user: 'TRIPTYCH_TEST_MILVUS_TLS_USER',
    password: 'TRIPTYCH_TEST_MILVUS_TLS_PASSWORD',
    caFile: 'TRIPTYCH_TEST_MILVUS_TLS_CA_FILE',
  },
  neo4j: {
    uri: 'TRIPTYCH_NEO4J_URI',
    user: 'TRIPTYCH_NEO4J_USER',
    password: 'TRIPTYCH_NEO4J_PASSWORD',
    tlsUri: 'TRIPTYCH_TEST_NEO4J_TLS_URI',
    caFile: 'TRIPTYCH_TEST_NEO4J_CA_FILE',
  },
  'neo4j-2026': {
    uri: 'TRIPTYCH_TEST_NEO4J_2026_URI',
    user: 'TRIPTYCH_TEST_NEO4J_2026_USER',
    password: 'TRIPTYCH_TEST_NEO4J_2026_PASSWORD',
    tlsUri: 'TRIPTYCH_TEST_NEO4J_2026_TLS_URI',
    caFile: 'TRIPTYCH_TEST_NEO4J_2026_CA_FILE',
  },
  toxiproxy: { url: 'TRIPTYCH_TEST_TOXIPROXY_URL' },
};

/** The certificate of an authority that signed none of the servers, beside the one that did. */
export function otherCaFile(caFile: string): string {
  return join(dirname(caFile), 'other-ca.pem');
}

/** How a suite is registered, and where its engines are found; tests of these rules bring their own. */
export interface SuiteRunner {
  readonly describe: (title: string, suite: () => void) => void;
  readonly skip: (title: string, suite: () => void) => void;
  readonly it: (title: string, test: () => void) => void;
  /** null: it is not there. */
  readonly find: <N extends EngineName>(name: N) => Engines[N] | null;
  readonly isCi: boolean;
}

const runner: SuiteRunner = {
  describe,
  skip: (title, suite) => describe.skipIf(true)(title, suite),
  it,
  find: engineSettings,
  isCi: Boolean(process.env.CI),
};

/**
 * A suite that needs engines. They are taken from the environment, else from the running ones of `npm run engines`.
 * Where one is missing the suite is skipped and its title says so; where CI is set it fails.
 */
export function describeWithEngines<N extends EngineName>(
  names: readonly N[],
  title: string,
  suite: (engines: Pick<Engines, N>) => void,
  { describe, skip, it, find, isCi }: SuiteRunner = runner,
): void {
  const found = new Map(names.map((name) => [name, find(name)]));
  const missing = names.filter((name) => found.get(name) === null);
  if (missing.length === 0) {
    describe(title, () => suite(Object.fromEntries(found) as Pick<Engines, N>));
    return;
  }
  const reason = `not running: ${missing.join(', ')}; npm run engines -- up ${missing.join(' ')}`;
  if (isCi)
    describe(title, () => {
      it('has its engines', () => {
        throw new Error(reason);
      });
    });
  else skip(`${title} (${reason})`, () => it('is not run', () => {}));
}

/** @returns null where the engine neither is in the environment nor runs */
export function engineSettings<N extends EngineName>(name: N): Engines[N] | null {
  const names = Object.entries(variables[name] as Readonly<Record<string, string>>);
  const source = names.some(([, variable]) => process.env[variable]) ? process.env : running(name);
  if (source === null) return null;
  const values = names.map(([key, variable]) => [key, source[variable] ?? ''] as const);
  return Object.fromEntries(values) as unknown as Engines[N];
}

function running(name: EngineName): Readonly<Record<string, string | undefined>> | null {
  const set = openSet();
  return engines[name]?.pid(set) == null ? null : env(set, [name]);
}
