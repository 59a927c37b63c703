import { describe, expect, it } from 'vitest';
import { prepareFirstRun } from '../../src/cli/first-run.ts';
import type { Runtime } from '../../src/cli/runtime.ts';
import type { Config } from '../../src/config/schema.ts';
import { movieRules } from '../../src/demo/movie-rules.ts';
import { tenantRulesProblems } from '../../src/domain/policy-check.ts';
import { builtInProfiles } from '../../src/domain/profile.ts';
import type { StagedCatalogue } from '../../src/ports/triptych.ts';
import { FakeTriptych, filmSchema } from '../support/fake-triptych.ts';

const config: Config = {
  host: '127.0.0.1',
  port: 0,
  keysFile: null,
  dataDir: '/nowhere',
  demo: true,
  schema: null,
  logLevel: 'silent',
  embedder: { kind: 'none' },
  rerankBackend: 'auto',
  tfjsBackends: false,
  nativeVariant: 'auto',
  tfjsDir: null,
  residentRowsMax: null,
  stores: { postgres: null, postgresOwner: null, milvus: null, neo4j: null, redis: null },
};

const demo = {
  name: filmSchema.name,
  exampleQuery: 'robot',
  rules: movieRules,
  load: async () => ({ schema: filmSchema, documents: [] }),
};

const runtime: Runtime = {
  stdout: { write() {} },
  stderr: { write() {} },
  stdin: Object.assign((async function* () {})(), { destroy() {} }),
  env: {},
  cwd: '/nowhere',
  open: () => Promise.reject(new Error('nothing is opened here')),
  demo,
  lockHolder: async () => null,
  inspect: () => Promise.reject(new Error('not asked for here')),
  exit: (code) => {
    throw new Error(`exit ${code}`);
  },
};

/** A service whose staged catalogue becomes the live one. */
class Demo extends FakeTriptych {
  staged = 0;

  override async replaceCatalogue(): Promise<StagedCatalogue> {
    this.staged++;
    return {
      generation: 1,
      count: async () => 0,
      write: async () => [],
      activate: async () => {
        this.live = { schema: filmSchema, generation: 1 };
        return this.live;
      },
    };
  }
}

async function start(
  service: FakeTriptych,
  { given = config, stop = new AbortController().signal, tenants = ['default'] } = {},
): Promise<void> {
  const composed = {
    service,
    parts: {},
    tenants,
    opened: Promise.resolve(),
    listen: () => Promise.reject(new Error('not here')),
    listenAlone: () => Promise.reject(new Error('not here')),
  };
  await prepareFirstRun(runtime, composed, given, stop);
}

describe('the first run', () => {
  it('loads the demo and declares its contexts; the next ones leave them alone', async () => {
    const service = new Demo();
    service.live = null;
    await start(service);
    const declared = await service.rules('default');
    expect(Object.keys(declared.contexts)).toEqual(['kids', 'family', 'classics']);
    expect(declared.version).toBe(1);
    await start(service);
    await start(service);
    expect((await service.rules('default')).version).toBe(1);
    expect(service.staged).toBe(1);
  });

  it('declares the contexts of a demo that an earlier run has loaded without them', async () => {
    const service = new Demo();
    await start(service);
    expect(Object.keys((await service.rules('default')).contexts)).toContain('kids');
    expect(service.staged).toBe(0);
  });

  it('does not bring back what somebody has taken away or put in its place', async () => {
    const service = new Demo();
    const own = { rules: [], contexts: { mine: { description: '', rules: [], preferences: {} } } };
    await service.putRules('default', own, null);
    await start(service);
    expect(await service.rules('default')).toMatchObject({ ...own, version: 1 });
    await service.putRules('default', { rules: [], contexts: {} }, undefined);
    await start(service);
    expect((await service.rules('default')).contexts).toEqual({});
  });

  it('declares nothing on a catalogue that is not the demo', async () => {
    const service = new Demo();
    service.live = { schema: { ...filmSchema, name: 'books' }, generation: 1 };
    await start(service);
    expect((await service.rules('default')).version).toBe(0);
  });

  it('declares nothing where no demo is wanted, for other tenants, or once it is told to stop', async () => {
    for (const more of [
      { given: { ...config, demo: false } },
      { tenants: ['acme'] },
      { stop: AbortSignal.abort() },
    ]) {
      const service = new Demo();
      await start(service, more);
      expect((await service.rules('default')).version).toBe(0);
    }
  });
});

it('the demo declares rules that its own catalogue takes', async () => {
  const { movieDemo } = await import('../../src/demo/movie-demo.ts');
  const { schema } = await movieDemo.load();
  const rankDepthMax = Math.min(...builtInProfiles.map(({ rankDepth }) => rankDepth));
  expect(tenantRulesProblems(schema, movieDemo.rules, { rankDepthMax })).toEqual([]);
});
