import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { jsExactScorer } from '../../src/adapters/js/js-exact-scorer.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { runProgram } from '../../src/cli/program.ts';
import type { Runtime } from '../../src/cli/runtime.ts';
import type { Inspection } from '../../src/compose.ts';
import { builtInProfiles } from '../../src/domain/profile.ts';
import type { Triptych } from '../../src/ports/triptych.ts';
import { CatalogueRegistry } from '../../src/search/catalogue-registry.ts';
import { assembleTriptych } from '../../src/search/triptych.ts';
import { scoringWith } from './js-backends.ts';
import { MemoryDocumentStore } from './memory-document-store.ts';
import { silentLogger, silentMeter, userParts } from './search-fixture.ts';

/** What one command line printed and ended with. */
export interface CliRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line over the real service and a store in memory that outlives each command. */
export class CliFixture {
  readonly folder = mkdtempSync(join(tmpdir(), 'triptych-cli-'));
  store = new MemoryDocumentStore();
  env: Readonly<Record<string, string>> = {};
  /** Put around each service that a command opens. */
  wrap: (service: Triptych) => Triptych = (service) => service;
  inspection: Inspection = {
    backends: [{ name: 'js', variant: '', state: 'ready', reason: null }],
    problem: null,
    calibrations: [],
    stores: [],
    catalogues: [],
    embedder: { name: 'none', reason: null, space: null },
  };
  holder: { readonly pid: number; readonly url: string | null } | null = null;

  async run(...args: readonly string[]): Promise<CliRun> {
    return this.runWith('', args);
  }

  /** Runs a command with this text or stream as standard input. */
  async runWith(stdin: string | Readable, args: readonly string[]): Promise<CliRun> {
    const out: string[] = [];
    const err: string[] = [];
    const runtime: Runtime = {
      stdout: { write: (text) => out.push(text) },
      stderr: { write: (text) => err.push(text) },
      stdin: typeof stdin === 'string' ? Readable.from([stdin]) : stdin,
      env: this.env,
      cwd: this.folder,
      open: async (_config, options) => ({
        service: this.wrap(await this.#service(options?.tenants ?? [])),
        parts: {},
        tenants: ['default'],
        opened: Promise.resolve(),
        listen: () => Promise.reject(new Error('not listened to here')),
        listenAlone: () => Promise.reject(new Error('not listened to here')),
      }),
      demo: {
        name: 'none',
        exampleQuery: '',
        rules: { rules: [], contexts: {} },
        load: () => Promise.reject(new Error('no demo here')),
      },
      lockHolder: async () => this.holder,
      inspect: async () => this.inspection,
      exit: (code) => {
        throw new Error(`exit ${code}`);
      },
    };
    const code = await runProgram(args, runtime);
    return { code, stdout: out.join(''), stderr: err.join('') };
  }

  async #service(tenants: readonly string[]): Promise<Triptych> {
    const clock = systemClock;
    const stores = {
      vector: { search: async () => [] },
      text: { search: async () => ({ hits: [], score: async () => new Float64Array(0) }) },
      graph: { recall: async () => ({ support: [] }), relationships: async () => [] },
    };
    const registry = new CatalogueRegistry({
      store: this.store,
      clock,
      meter: silentMeter,
      logger: silentLogger,
      stores: () => ({
        ...stores,
        pushdownShare: 1,
        vectorRoundTrip: false,
        textRoundTrip: false,
        exactScan: null,
        projections: [],
      }),
    });
    for (const tenant of new Set(['default', ...tenants])) await registry.open(tenant);
    return assembleTriptych({
      shared: null,
      store: this.store,
      ...userParts(clock),
      registry,
      embedder: null,
      exact: jsExactScorer,
      scoring: scoringWith(),
      profiles: builtInProfiles,
      clock,
      meter: silentMeter,
      closeParts: async () => {},
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
