import { expect, it } from 'vitest';
import {
  describeWithEngines,
  type EngineName,
  engineSettings,
  type SuiteRunner,
} from '../support/engines.ts';

/** What becomes of a suite that needs Postgres and Redis where only these engines are there. */
function registered(there: readonly EngineName[], isCi: boolean) {
  const suites: { readonly kind: 'run' | 'skip'; readonly title: string }[] = [];
  const tests: { readonly title: string; readonly test: () => void }[] = [];
  const suite = (kind: 'run' | 'skip') => (title: string, body: () => void) => {
    suites.push({ kind, title });
    body();
  };
  const find = ((name: EngineName) => (there.includes(name) ? { url: name } : null)) as SuiteRunner['find'];
  const runner: SuiteRunner = {
    describe: suite('run'),
    skip: suite('skip'),
    it: (title, test) => void tests.push({ title, test }),
    find,
    isCi,
  };
  const given: unknown[] = [];
  describeWithEngines(['postgres', 'redis'], 'both', (engines) => void given.push(engines), runner);
  return { suites, tests, given };
}

it('a suite whose engine is missing fails where CI is set, and names it and how to get it', () => {
  const { suites, tests, given } = registered(['redis'], true);
  expect(suites).toEqual([{ kind: 'run', title: 'both' }]);
  expect(given).toEqual([]);
  expect(tests).toHaveLength(1);
  expect(() => tests[0]!.test()).toThrow('not running: postgres; npm run engines -- up postgres');
  expect(() => registered([], true).tests[0]!.test()).toThrow('not running: postgres, redis;');
});

it('elsewhere it is skipped under a title that says so', () => {
  const { suites, given } = registered(['redis'], false);
  const reason = 'not running: postgres; npm run engines -- up postgres';
  expect(suites).toEqual([{ kind: 'skip', title: `both (${reason})` }]);
  expect(given).toEqual([]);
});

it('a suite that has all its engines runs with them, in CI and elsewhere', () => {
  for (const isCi of [true, false]) {
    const { suites, tests, given } = registered(['postgres', 'redis'], isCi);
    expect(suites).toEqual([{ kind: 'run', title: 'both' }]);
    expect(tests).toEqual([]);
    expect(given).toEqual([{ postgres: { url: 'postgres' }, redis: { url: 'redis' } }]);
  }
});

it('an engine is taken from the environment before any other', () => {
  const before = process.env.TRIPTYCH_TEST_TOXIPROXY_URL;
  process.env.TRIPTYCH_TEST_TOXIPROXY_URL = 'http://from-the-environment';
  try {
    expect(engineSettings('toxiproxy')).toEqual({ url: 'http://from-the-environment' });
  } finally {
    if (before === undefined) delete process.env.TRIPTYCH_TEST_TOXIPROXY_URL;
    else process.env.TRIPTYCH_TEST_TOXIPROXY_URL = before;
  }
});
