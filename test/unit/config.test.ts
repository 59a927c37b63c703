import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LoadedConfig, loadConfig, type SettingSources } from '../../src/config/load.ts';
import { redact } from '../../src/config/redact.ts';
import { TriptychError } from '../../src/errors.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'triptych-config-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, content: unknown): string {
  writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  return name;
}

function load(sources: Omit<SettingSources, 'cwd'>): LoadedConfig {
  return loadConfig({ ...sources, cwd: folder });
}

/** The problems of settings that must not load, by the name that the message uses. */
function problems(sources: Omit<SettingSources, 'cwd'>): Record<string, string> {
  try {
    load(sources);
  } catch (error) {
    expect(error).toBeInstanceOf(TriptychError);
    expect((error as TriptychError).code).toBe('invalid_settings');
    const fields = (error as TriptychError).fields;
    for (const { path } of fields) expect((error as TriptychError).message).toContain(path);
    return Object.fromEntries(fields.map(({ path, message }) => [path, message]));
  }
  throw new Error('the settings loaded');
}

const openai = {
  embedder: 'openai',
  openaiUrl: 'http://me:pass@localhost:1/v1?k=v',
  openaiModel: 'm',
  openaiDimension: '8',
};

describe('loadConfig', () => {
  it('has defaults for everything', () => {
    const { config, warnings } = load({});
    expect(config).toEqual({
      host: '127.0.0.1',
      port: 8080,
      keysFile: null,
      dataDir: join(folder, '.triptych'),
      demo: true,
      schema: null,
      logLevel: 'warn',
      nativeVariant: 'auto',
      tfjsDir: null,
      residentRowsMax: null,
      stores: { postgres: null, postgresOwner: null, milvus: null, neo4j: null, redis: null },
      embedder: { kind: 'builtin' },
      rerankBackend: 'auto',
      tfjsBackends: false,
    });
    expect(warnings).toEqual([]);
  });

  it('lets the environment win over the file, and flags over both', () => {
    const file = write('settings.json', {
      port: 1,
      data_dir: 'from-file',
      log_level: 'info',
      schema: 's.json',
    });
    const env = { TRIPTYCH_PORT: '2', TRIPTYCH_DATA_DIR: 'from-env', TRIPTYCH_DEMO: 'off', OTHER: 'x' };
    const { config } = load({ file, env, flags: { port: '3' } });
    expect(config).toMatchObject({ port: 3, demo: false, logLevel: 'info', schema: join(folder, 's.json') });
    expect(config.dataDir).toBe(join(folder, 'from-env'));
  });

  it('finds the file by TRIPTYCH_CONFIG and ignores empty variables and null members', () => {
    write('named.json', { port: 9, host: null });
    const { config } = load({ env: { TRIPTYCH_CONFIG: 'named.json', TRIPTYCH_PORT: '' } });
    expect(config).toMatchObject({ port: 9, host: '127.0.0.1' });
  });

  it('reports all problems at once, under the names that were used', () => {
    const file = write('settings.json', { prot: 1, log_level: 'loud' });
    const found = problems({
      file,
      env: { TRIPTYCH_PORT: '65536' },
      flags: { demo: 'maybe', embedder: 'none' },
    });
    expect(found['prot (in settings.json)']).toContain('did you mean port?');
    expect(Object.keys(found).sort()).toEqual(
      ['--demo', 'TRIPTYCH_PORT', 'log_level (in settings.json)', 'prot (in settings.json)'].sort(),
    );
    expect(found.TRIPTYCH_PORT).toBe('must be a whole number from 0 to 65535');
  });

  it.each(['-1', '1.5', '1e3', ' 80', 'x', '99999999999'])('refuses the port %j', (port) => {
    expect(Object.keys(problems({ flags: { port } }))).toEqual(['--port']);
  });

  it.each([
    ['not JSON', '{', 'is not valid JSON'],
    ['a list', [], 'must hold one JSON object'],
  ])('refuses a file that is %s', (_name, content, message) => {
    expect(problems({ file: write('f.json', content) })['f.json']).toContain(message);
  });

  it('refuses a file that is absent', () => {
    expect(problems({ file: 'absent.json' })).toEqual({ 'absent.json': 'cannot be read' });
  });

  it.each(['0.0.0.0', '::', '192.168.1.5', 'example.org', '127.evil.example', '1270.0.0.1'])(
    'refuses to listen on %s without API keys',
    (host) => {
      const message = problems({ env: { TRIPTYCH_HOST: host } }).TRIPTYCH_HOST;
      for (const part of ['API keys', 'triptych keys new', 'keys_file']) expect(message).toContain(part);
      const { config } = load({ env: { TRIPTYCH_HOST: host }, flags: { keysFile: 'keys.json' } });
      expect(config).toMatchObject({ host, keysFile: join(folder, 'keys.json') });
    },
  );

  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('listens on %s', (host) => {
    expect(load({ flags: { host } }).config.host).toBe(host);
  });

  it('warns of unknown variables with the nearest known name', () => {
    const { warnings } = load({
      env: { TRIPTYCH_PROT: '1', TRIPTYCH_ZZZZZZZZZZZZ: '1', TRIPTYCH_TEST_SEED: '1', TRIPTYCH_API_KEY: 'k' },
    });
    expect(warnings).toEqual([
      'TRIPTYCH_PROT is not a setting (did you mean TRIPTYCH_PORT?); it is ignored',
      'TRIPTYCH_ZZZZZZZZZZZZ is not a setting; it is ignored',
    ]);
  });

  it('cannot be changed afterwards', () => {
    const { config } = load({ flags: openai });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.embedder)).toBe(true);
  });
});

describe('the openai embedder', () => {
  it('needs its server, model and dimension', () => {
    const found = problems({ env: { TRIPTYCH_EMBEDDER: 'openai' } });
    expect(Object.keys(found)).toEqual(['openai_url', 'openai_model', 'openai_dimension']);
  });

  it('reads its key from a file', () => {
    const openaiKeyFile = write('key', 'sk-secret\n');
    const { config } = load({ flags: { ...openai, openaiKeyFile } });
    expect(config.embedder).toEqual({
      kind: 'openai',
      url: 'http://me:pass@localhost:1/v1?k=v',
      model: 'm',
      dimension: 8,
      key: 'sk-secret',
    });
  });

  it('refuses a key given twice, an empty key file and one that is absent', () => {
    const openaiKeyFile = write('key', '\n');
    expect(problems({ flags: { ...openai, openaiKeyFile } })['--openai-key-file']).toContain('empty');
    expect(
      problems({ flags: { ...openai, openaiKeyFile, openaiKey: 'k' } })['--openai-key-file'],
    ).toBeDefined();
    expect(problems({ flags: { ...openai, openaiKeyFile: 'no' } })['--openai-key-file']).toContain('read');
  });

  it('refuses a URL that is not http', () => {
    expect(problems({ flags: { ...openai, openaiUrl: 'file:///etc/passwd' } })['--openai-url']).toBeDefined();
  });

  it('warns of settings without effect', () => {
    expect(load({ env: { TRIPTYCH_OPENAI_KEY: 'k' } }).warnings).toEqual([
      'TRIPTYCH_OPENAI_KEY has no effect while the embedder is builtin',
    ]);
  });
});

describe('redact', () => {
  it('shows no secret', () => {
    const { config } = load({ flags: { ...openai, openaiKey: 'sk-secret' } });
    const shown = JSON.stringify(redact(config));
    for (const secret of ['sk-secret', 'me:', 'pass', 'k=v']) expect(shown).not.toContain(secret);
    expect(shown).toContain('localhost:1/v1');
  });

  it('keeps a configuration without secrets', () => {
    const { config } = load({});
    expect(redact(config)).toEqual(config);
  });
});
