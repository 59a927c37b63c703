import { isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import type { FieldProblem } from '../errors.ts';
import type { Config, EmbedderConfig, SettingName, Settings } from './schema.ts';
import { type StoreReading, secret, storesConfig } from './stores.ts';

type Name = (name: SettingName) => string;

/**
 * Checks that need more than one setting, and turns settings into the configuration; null when a problem was found.
 * `nameOf` gives a setting's name as the user wrote it.
 */
export function completeConfig(
  settings: Settings,
  cwd: string,
  nameOf: Name,
  problems: FieldProblem[],
  warnings: string[],
): Config | null {
  if (settings.keysFile === undefined && !isLoopback(settings.host))
    problems.push({
      path: nameOf('host'),
      message:
        `${settings.host} is not a loopback address. Without API keys anyone who reaches the port could read and change ` +
        'everything: make some with `triptych keys new --file keys.json --id ID --tenant TENANT --scopes admin` and ' +
        `give that file as ${nameOf('keysFile')}, or use 127.0.0.1, ::1 or localhost.`,
    });
  if (settings.residentRowsMax !== undefined && settings.milvusAddress === undefined)
    problems.push({
      path: nameOf('residentRowsMax'),
      message: `needs ${nameOf('milvusAddress')}: a search for vectors in this process reads all of them`,
    });
  const reading = { settings, cwd, nameOf, problems, warnings };
  const embedder = embedderConfig(reading);
  const stores = storesConfig(reading);
  if (embedder === null) return null;
  return {
    host: settings.host,
    port: settings.port,
    keysFile: settings.keysFile === undefined ? null : resolve(cwd, settings.keysFile),
    dataDir: resolve(cwd, settings.dataDir),
    demo: settings.demo ?? stores.postgres === null,
    schema: settings.schema === undefined ? null : resolve(cwd, settings.schema),
    logLevel: settings.logLevel,
    embedder,
    rerankBackend: settings.rerankBackend,
    tfjsBackends: settings.tfjsBackends,
    nativeVariant: settings.nativeVariant,
    stores,
    residentRowsMax: settings.residentRowsMax ?? null,
    tfjsDir: settings.tfjsDir === undefined ? null : resolve(cwd, settings.tfjsDir),
  };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

function embedderConfig(reading: StoreReading): EmbedderConfig | null {
  const { settings, nameOf, problems, warnings } = reading;
  const names = ['openaiUrl', 'openaiModel', 'openaiKey', 'openaiKeyFile', 'openaiDimension'] as const;
  if (settings.embedder !== 'openai') {
    const unused = names.filter((name) => settings[name] !== undefined).map(nameOf);
    if (unused.length > 0)
      warnings.push(`${unused.join(', ')} has no effect while the embedder is ${settings.embedder}`);
    return { kind: settings.embedder };
  }
  const { openaiUrl: url, openaiModel: model, openaiDimension: dimension } = settings;
  for (const name of ['openaiUrl', 'openaiModel', 'openaiDimension'] as const)
    if (settings[name] === undefined)
      problems.push({ path: nameOf(name), message: 'is needed when the embedder is openai' });
  const key = secret(reading, 'openaiKey', 'openaiKeyFile');
  if (url === undefined || model === undefined || dimension === undefined) return null;
  return { kind: 'openai', url, model, key, dimension };
}
